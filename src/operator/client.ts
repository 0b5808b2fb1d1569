import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CommandError, type Output } from './command.ts'
import { type OperatorAnswer, type OperatorRequest, readLines, writeLine } from './protocol.ts'
import { findSocket } from './socket.ts'

/** What connecting to a socket says when nobody listens there, or there is none. */
const nobodyCodes = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']

/** Has the server that runs on a data folder carry out a command; null if there is no such server. */
export async function runInServer(
  dataFolder: string,
  request: OperatorRequest,
  { print, progress, signal }: Output & { readonly signal: AbortSignal },
): Promise<number | null> {
  const path = findSocket(dataFolder)
  const socket = path === null ? null : await connectTo(path)
  if (socket === null) return null
  const stop = () => socket.destroy()
  signal.addEventListener('abort', stop)
  try {
    await writeLine(socket, JSON.stringify(request))
    for await (const line of readLines(socket)) {
      const answer = JSON.parse(line) as OperatorAnswer
      if ('exit' in answer) return answer.exit
      await ('print' in answer ? print(answer.print) : progress(answer.progress))
    }
  } catch {
    // A lost connection; what it means is the same as if it had ended.
  } finally {
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
  throw new CommandError(
    signal.aborted
      ? 'Stopped.'
      : 'The server ended before the command did. Start it again and look whether the command took effect.',
  )
}

async function connectTo(path: string): Promise<Socket | null> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (nobodyCodes.includes(code)) return null
    throw new CommandError(
      `The running server cannot be reached at ${path} (${code}). Run the command as the user who runs the server.`,
    )
  }
  socket.on('error', () => {})
  return socket
}
