import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CommandError, type Output } from '../command-line/command.ts'
import { type OperatorAnswer, type OperatorRequest, readLines, writeLine } from './protocol.ts'
import { findSocket } from './socket.ts'

/** Error codes of a connection to a socket where no server listens. */
const noServerCodes = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']

/** Runs a command in the server that has the data folder open; null if there is no such server. */
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
    // A broken connection means the same as one that ended.
  } finally {
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
  throw new CommandError(
    signal.aborted
      ? 'Stopped.'
      : 'The server ended before the command did. Start the server and check whether the command was applied.',
  )
}

async function connectTo(path: string): Promise<Socket | null> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (noServerCodes.includes(code)) return null
    throw new CommandError(
      `The running server cannot be reached at ${path} (${code}). Run the command as the user who runs the server.`,
    )
  }
  socket.on('error', () => {})
  return socket
}
