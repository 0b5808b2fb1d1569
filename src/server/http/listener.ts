import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { TLSSocket, Server as TlsServer } from 'node:tls'
import type { Config } from '../../config.ts'
import { type AnswerError, errorAnswer, securityHeaders } from '../answer.ts'

/** Address to listen on, and the names of its settings. */
interface ListenAddress {
  readonly host: string
  readonly port: number
  readonly names: readonly [host: string, port: string]
}

/** The server cannot listen on its address. For the operator. */
export class ListenError extends Error {
  constructor({ host, port, names: [hostName, portName] }: ListenAddress, { code }: NodeJS.ErrnoException) {
    super(
      code === 'EADDRINUSE'
        ? `port ${port} of ${host} is in use. Stop the other server, or choose another ${portName}.`
        : `${hostName} ${host} with ${portName} ${port} is no address to listen on (${code ?? 'unknown error'}).`,
    )
  }
}

/** Takes over connections that become WebSockets. */
export interface UpgradeHandler {
  /** True if the request is to open a WebSocket, and may. Any other request is answered like one without an upgrade. */
  accepts(request: IncomingMessage): boolean
  /** `markBusy` ends the time in which the connection counts as idle, and may have to make room for others. */
  open(request: IncomingMessage, socket: Socket, head: Buffer, markBusy: () => void): void
}

/** Answers a request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Port of a server. It accepts connections from the beginning of a start. */
export interface Listener {
  readonly url: string
  /** True once `close` or `cut` was called. */
  readonly isClosing: boolean
  /** Number of requests without an answer. */
  readonly unanswered: number
  /** Replaces the handler. */
  handleWith(handler: RequestHandler): void
  /** Begins to accept upgrades. */
  upgradeWith(handler: UpgradeHandler): void
  /** Uses another certificate for new connections. Only for a listener that was opened with one. */
  useCertificate(pair: TlsPair): void
  /** Accepts no new connections. Resolves once all connections are closed, after the answers to their requests. */
  close(): Promise<void>
  /** Closes all connections at once. */
  cut(): Promise<void>
}

/** Certificate chain and private key of the server, in PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
  /** When the certificate expires. */
  readonly expiresAt: Date
}

/** Options of a listener. */
export interface ListenerOptions {
  /** The first handler. */
  readonly handler: RequestHandler
  /** Most connections at once. One more replaces the connection that has been idle longest. */
  readonly connectionsMax: number
  /** Certificate and key; null for plain HTTP. */
  readonly tls?: TlsPair | null
  /** Longest time for the TLS handshake, in milliseconds; 10 seconds by default. */
  readonly handshakeTimeoutMs?: number
  /** Called when a connection is closed because there are too many. Must not throw. */
  readonly onFull?: () => void
}

/** Most bytes of all headers of a request: a long token, and what proxies add. */
export const headerBytesMax = 32_768
/** Longest time for the headers of a request, in milliseconds. */
const headersTimeoutMs = 10_000
/** Default of the longest time for the TLS handshake, in milliseconds. */
const handshakeMs = 10_000
/** Oldest version of TLS. Its cipher suites and those of TLS 1.3 are the defaults of Node. */
const tlsVersionMin = 'TLSv1.2'
/** Longest time that a connection may be idle, in milliseconds. */
const keepAliveTimeoutMs = 65_000
/** How long a connection may be idle while the server stops: a request that is on its way is still answered. */
const quietMs = 100
/** How often such connections are closed, in milliseconds. */
const sweepMs = 20
/** Most connections in the kernel's queue. */
const backlog = 511
/** Turns of the event loop without a new connection after which the kernel's queue counts as empty. */
const quietTurns = 3

/** A connection between two requests. */
interface Idle {
  readonly sinceMs: number
  /** A larger value shows that a request has begun to arrive. */
  readonly bytesRead: number
}

/**
 * Opens the listener on HOST and PORT.
 *
 * @throws ListenError if the address cannot be used
 */
export async function openListener(
  config: Pick<Config, 'HOST' | 'PORT' | 'REQUEST_TIMEOUT_MS'>,
  {
    handler: first,
    connectionsMax,
    tls = null,
    handshakeTimeoutMs = handshakeMs,
    onFull = () => {},
  }: ListenerOptions,
): Promise<Listener> {
  let handler = first
  let upgrades: UpgradeHandler | null = null
  let isClosing = false
  let accepted = 0
  const connections = new Set<Socket>()
  const idle = new Map<Socket, Idle>()
  /** Responses of each connection that are not complete. A client may send several requests at once. */
  const unanswered = new Map<Socket, Set<ServerResponse>>()
  /** Response to the last request of each connection. */
  const latest = new WeakMap<Socket, ServerResponse>()
  const node = createNodeServer(tls, handshakeTimeoutMs, {
    headersTimeout: headersTimeoutMs,
    maxHeaderSize: headerBytesMax,
    // Two Authorization headers are joined, which makes them invalid, instead of the first one counting.
    joinDuplicateHeaders: true,
    requestTimeout: config.REQUEST_TIMEOUT_MS + headersTimeoutMs,
    // Node checks these two timeouts at this interval, which is 30 seconds by default.
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Clients of other protocols offer an upgrade, too (h2c of Java), and go on without it.
    shouldUpgradeCallback: (request) => !isClosing && upgrades?.accepts(request) === true,
  })

  node.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (upgrades === null || hasUnanswered(socket)) socket.destroy()
    else upgrades.open(request, socket, head, () => idle.delete(socket))
  })

  /** True while earlier requests of a connection wait for their answers, which would end up inside the WebSocket. */
  function hasUnanswered(socket: Socket): boolean {
    return (unanswered.get(socket)?.size ?? 0) > 0
  }

  function forget(socket: Socket): void {
    connections.delete(socket)
    idle.delete(socket)
  }

  function setIdle(socket: Socket): void {
    idle.set(socket, { sinceMs: performance.now(), bytesRead: socket.bytesRead })
  }

  function noteRequest(socket: Socket, response: ServerResponse): void {
    idle.delete(socket)
    latest.set(socket, response)
    const responses = unanswered.get(socket) ?? new Set()
    unanswered.set(socket, responses.add(response))
    response.once('close', () => {
      responses.delete(response)
      if (responses.size > 0) return
      unanswered.delete(socket)
      if (!socket.destroyed) setIdle(socket)
    })
  }

  // Without listeners for the last two, Node tells every client to send its body before the request can be refused, and
  // answers other expectations itself.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    node.on(event, (request: IncomingMessage, response: ServerResponse) => {
      noteRequest(request.socket, response)
      handler(request, response)
    })
  }

  node.on('clientError', ({ code }: NodeJS.ErrnoException, socket: Socket) => {
    // Nothing can be said to a client without a finished handshake.
    if (tls !== null && !connections.has(socket)) {
      socket.destroy()
      return
    }
    // Where an earlier request waits for its answer, this one would be taken for it. And no request is answered twice, also
    // one whose body goes on after its answer.
    const open = [latest.get(socket), ...(unanswered.get(socket) ?? [])]
    const mayAnswer = open.every(
      (response) =>
        response === undefined || (response.req.complete ? response.writableFinished : !response.headersSent),
    )
    if (socket.writable && mayAnswer) socket.write(refusalOfUnread(code))
    socket.destroy()
  })

  node.on('connection', (socket) => {
    accepted++
    if (connections.size >= connectionsMax) {
      onFull()
      // The first one has been idle longest.
      const [longestIdle = socket] = idle.keys()
      longestIdle.destroy()
      if (longestIdle === socket) return
      forget(longestIdle)
    }
    enlist(socket)
  })

  // From now on the connection is the encrypted one. Before, it counted with its TCP connection.
  node.on('secureConnection', (socket: TLSSocket & { readonly _parent?: Socket }) => {
    if (socket._parent !== undefined) forget(socket._parent)
    enlist(socket)
  })

  function enlist(socket: Socket): void {
    connections.add(socket)
    setIdle(socket)
    socket.once('close', () => forget(socket))
  }

  /**
   * Accepts the connections in the kernel's queue, which would be reset when the port is closed. Node accepts one in each
   * turn of the event loop. Newer ones are accepted meanwhile, but their number is bounded.
   */
  async function acceptBacklog(): Promise<void> {
    const enough = accepted + backlog + 1
    for (let quiet = 0; quiet < quietTurns && accepted < enough; ) {
      const before = accepted
      await setImmediate()
      quiet = accepted === before ? quiet + 1 : 0
    }
  }

  /** Closes idle connections, after a turn of the event loop in which arrived data is read. */
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
    url: `${tls === null ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    get isClosing() {
      return isClosing
    },
    get unanswered() {
      let count = 0
      for (const { size } of unanswered.values()) count += size
      return count
    },
    handleWith(next) {
      handler = next
    },
    upgradeWith(next) {
      upgrades = next
    },
    useCertificate({ cert, key }) {
      // Replaces all options of the context.
      if (tls !== null)
        (node as TlsServer & Server).setSecureContext({ cert, key, minVersion: tlsVersionMin })
    },
    async close() {
      isClosing = true
      const sinceMs = performance.now()
      await acceptBacklog()
      // `close` of `node:http` would reset connections on which a request is on its way.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(node, resolve))
      const sweep = setInterval(() => void closeQuiet(sinceMs), sweepMs)
      await closed
      clearInterval(sweep)
      // Ends the timers of `node:http`.
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

function createNodeServer(tls: TlsPair | null, handshakeTimeout: number, options: ServerOptions): Server {
  if (tls === null) return createServer(options)
  const tlsOptions: TlsServerOptions = {
    cert: tls.cert,
    key: tls.key,
    minVersion: tlsVersionMin,
    handshakeTimeout,
    // Decision 77 says why HTTP/2 is not offered.
    ALPNProtocols: ['http/1.1'],
  }
  return createTlsServer({ ...options, ...tlsOptions })
}

/** What a client is told whose request cannot be read as HTTP, by the code of Node's error. */
const unreadReasons: Readonly<Record<string, AnswerError & { readonly status: number }>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'PAYLOAD_TOO_LARGE',
    message: `The headers of the request have more than ${headerBytesMax} bytes. Send fewer headers, or a token with fewer claims.`,
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: 'The chunk extensions of the request are too long. Send the body without them.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'BAD_REQUEST',
    message: 'The request did not arrive in time. Send it again, faster.',
  },
}
const unreadable = {
  status: 400,
  code: 'BAD_REQUEST',
  message:
    'The request is not valid HTTP/1.1, or its framing is ambiguous. Send one length and each header once.',
} as const

/** The bytes of such an answer. The connection ends with it: what comes next on it cannot be told from the rest of the request. */
function refusalOfUnread(errorCode = ''): string {
  const { status, ...error } = unreadReasons[errorCode] ?? unreadable
  const { body } = errorAnswer(status, error)
  const text = typeof body === 'string' ? body : ''
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`
}

function listenError(
  { HOST: host, PORT: port }: Pick<Config, 'HOST' | 'PORT'>,
  error: NodeJS.ErrnoException,
): ListenError {
  return new ListenError({ host, port, names: ['HOST', 'PORT'] }, error)
}
