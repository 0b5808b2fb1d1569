import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Config } from '../../config.ts'
import { ListenError } from './listen-error.ts'

/** Answers a request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

/** The port of a server: it takes connections from the beginning of a start on, whoever answers at the moment. */
export interface Listener {
  readonly url: string
  /** From the moment at which it was asked to close. */
  readonly isClosing: boolean
  /** Requests that have no answer yet. */
  readonly unanswered: number
  /** Gives requests to another handler from now on. */
  handleWith(handler: RequestHandler): void
  /**
   * Takes no new connections, and resolves once every accepted connection is closed: after the answers to its requests,
   * or after it has asked nothing for a moment.
   */
  close(): Promise<void>
  /** Closes all connections at once. */
  cut(): Promise<void>
}

/** How connections are taken. */
export interface ListenerOptions {
  /** Answers requests until another handler does. */
  readonly handler: RequestHandler
  /** Most connections at once. One more takes the place of the one that has asked nothing for longest. */
  readonly connectionsMax: number
  /** Told of each connection that was closed for want of room. Must not throw. */
  readonly onFull?: () => void
}

/** How long headers and an idle connection may take, in milliseconds. */
export const headersTimeoutMs = 10_000
const keepAliveTimeoutMs = 65_000
/**
 * How long a connection may ask nothing while the server stops: a request that its client sends at that moment arrives
 * within it, and is answered instead of reset.
 */
const quietMs = 100
/** How often it is looked for such connections. */
const sweepMs = 20
/** Most connections that wait in the kernel to be accepted. */
const backlog = 511
/** Turns of the event loop without a new connection after which nobody waits to be accepted. */
const quietTurns = 3

/** A connection between two requests. */
interface Idle {
  readonly sinceMs: number
  /** More than this: a request has begun to arrive. */
  readonly bytesRead: number
}

/**
 * Listens where the settings say.
 *
 * @throws ListenError if that is not possible
 */
export async function openListener(
  config: Pick<Config, 'HOST' | 'PORT' | 'REQUEST_TIMEOUT_MS'>,
  { handler: first, connectionsMax, onFull = () => {} }: ListenerOptions,
): Promise<Listener> {
  let handler = first
  let isClosing = false
  let accepted = 0
  const connections = new Set<Socket>()
  const idle = new Map<Socket, Idle>()
  /** How many requests of a connection have no answer yet; a client may send the next one before it has an answer. */
  const unanswered = new Map<Socket, number>()
  const node = createServer({
    headersTimeout: headersTimeoutMs,
    // Two Authorization headers are none, rather than the first of them.
    joinDuplicateHeaders: true,
    requestTimeout: config.REQUEST_TIMEOUT_MS + headersTimeoutMs,
    // How often Node looks for connections that are beyond these two; every 30 seconds otherwise.
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: keepAliveTimeoutMs,
  })

  function forget(socket: Socket): void {
    connections.delete(socket)
    idle.delete(socket)
  }

  function setIdle(socket: Socket): void {
    idle.set(socket, { sinceMs: performance.now(), bytesRead: socket.bytesRead })
  }

  function noteRequest(socket: Socket, response: ServerResponse): void {
    idle.delete(socket)
    unanswered.set(socket, (unanswered.get(socket) ?? 0) + 1)
    response.once('close', () => {
      const left = (unanswered.get(socket) ?? 1) - 1
      if (left > 0) {
        unanswered.set(socket, left)
        return
      }
      unanswered.delete(socket)
      if (!socket.destroyed) setIdle(socket)
    })
  }

  // Without the last two, Node tells every client to go on with its body before it is known whether the request is
  // refused, and answers other expectations by itself.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    node.on(event, (request: IncomingMessage, response: ServerResponse) => {
      noteRequest(request.socket, response)
      handler(request, response)
    })
  }

  node.on('connection', (socket) => {
    accepted++
    if (connections.size >= connectionsMax) {
      onFull()
      // The first is the one that has been idle for longest.
      const [longestIdle = socket] = idle.keys()
      longestIdle.destroy()
      if (longestIdle === socket) return
      forget(longestIdle)
    }
    connections.add(socket)
    setIdle(socket)
    socket.once('close', () => forget(socket))
  })

  /**
   * Accepts whoever waits in the kernel, which would reset them when the port is closed: Node accepts one in a turn of
   * the event loop. Those who go on to come are accepted until all who came before are.
   */
  async function acceptBacklog(): Promise<void> {
    const enough = accepted + backlog + 1
    for (let quiet = 0; quiet < quietTurns && accepted < enough; ) {
      const before = accepted
      await setImmediate()
      quiet = accepted === before ? quiet + 1 : 0
    }
  }

  /** After a turn of the event loop, so that whatever has arrived was read. */
  async function closeQuiet(sinceMs: number): Promise<void> {
    await setImmediate()
    const nowMs = performance.now()
    for (const [socket, entry] of idle) {
      const isQuiet = socket.bytesRead === entry.bytesRead
      if (isQuiet && nowMs - Math.max(sinceMs, entry.sinceMs) >= quietMs) socket.destroy()
    }
  }

  await new Promise<void>((resolve, reject) => {
    node.once('error', (error) => reject(listenError(config, error)))
    node.listen({ host: config.HOST, port: config.PORT, backlog }, resolve)
  })
  const { address, family, port } = node.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    get isClosing() {
      return isClosing
    },
    get unanswered() {
      let count = 0
      for (const requests of unanswered.values()) count += requests
      return count
    },
    handleWith(next) {
      handler = next
    },
    async close() {
      isClosing = true
      const sinceMs = performance.now()
      await acceptBacklog()
      // Not that of `node:http`, which resets connections on which the next request is on its way.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(node, resolve))
      const sweep = setInterval(() => void closeQuiet(sinceMs), sweepMs)
      await closed
      clearInterval(sweep)
      // Ends what `node:http` does at intervals.
      node.close()
    },
    async cut() {
      isClosing = true
      node.close()
      const closed = [...connections].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const socket of connections) socket.destroy()
      await Promise.all(closed)
    },
  }
}

function listenError(
  { HOST: host, PORT: port }: Pick<Config, 'HOST' | 'PORT'>,
  error: NodeJS.ErrnoException,
): ListenError {
  return new ListenError({ host, port, names: ['HOST', 'PORT'] }, error)
}
