import { createServer, type Socket } from 'node:net'
import { exitCodes, type Output } from '../command-line/command.ts'
import { nameOf } from '../command-line/help.ts'
import type { Log } from '../log.ts'
import type { OperatorServices } from './command.ts'
import { operatorCommands } from './commands.ts'
import { type OperatorAnswer, parseRequest, readLines, writeLine } from './protocol.ts'
import { runOperatorCommand } from './run-command.ts'
import { listenInFolder } from './socket.ts'

/** Timeout for the request of a connection, in milliseconds. */
const requestTimeoutMs = 10_000

/** Runs commands of the operator while the server has the embedded database open. */
export interface OperatorServer {
  /** Aborts running commands, and resolves once they have ended. */
  close(): Promise<void>
}

/** Listens on the data folder's socket. A connection carries one command and its output. */
export async function startOperatorServer(options: {
  dataFolder: string
  services: OperatorServices
  log: Log
}): Promise<OperatorServer> {
  const { dataFolder, services, log } = options
  const connections = new Map<Socket, Promise<void>>()
  const server = createServer((socket) => {
    // A client that is gone is noticed by the end of the connection.
    socket.on('error', () => {})
    const served = serveConnection(socket, services, log)
      .catch((error: unknown) => {
        const name = error instanceof Error ? error.name : 'unknown'
        log.warn({ error: name }, 'an operator command could not be answered')
      })
      .finally(() => {
        socket.end()
        connections.delete(socket)
      })
    connections.set(socket, served)
  })
  const removeSocket = await listenInFolder(server, dataFolder)
  return {
    async close() {
      server.close()
      removeSocket()
      const served = [...connections.values()]
      for (const socket of connections.keys()) socket.destroySoon()
      await Promise.all(served)
    },
  }
}

async function serveConnection(socket: Socket, services: OperatorServices, log: Log): Promise<void> {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.setTimeout(requestTimeoutMs, () => socket.destroy())
  const { value: line } = await readLines(socket).next()
  socket.setTimeout(0)
  if (typeof line !== 'string') return
  // No more data is expected; reading on shows when the client leaves.
  socket.resume()

  const send = (answer: OperatorAnswer) => writeLine(socket, JSON.stringify(answer))
  const output: Output = {
    print: (text) => send({ print: text }),
    progress: (text) => send({ progress: text }),
  }
  const request = parseRequest(line)
  const name = request?.path.join(' ')
  const command = operatorCommands.find((each) => nameOf(each) === name)
  if (request === null || command === undefined) {
    await output.progress('The running server does not know this command: it is of another release.')
    await send({ exit: exitCodes.failed })
    return
  }
  const exit = await runOperatorCommand(command, request.args, {
    ...services,
    ...output,
    signal: gone.signal,
  })
  log.info({ command: name, exit }, 'operator command')
  await send({ exit })
}
