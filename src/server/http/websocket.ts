import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type ExecutionResult, GraphQLError, type GraphQLFormattedError, GraphQLSchema, parse } from 'graphql'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { callAt, settlesWithin } from '../../clock.ts'
import { type Answer, errorAnswer } from '../answer.ts'
import type { Subscribed } from '../graphql/graphql.ts'
import type { Results } from '../graphql/yoga.ts'
import { hasMoreTokens } from './receive-body.ts'
import { headerOf } from './request-head.ts'

/** How a connection is closed: a code of RFC 6455 or of graphql-transport-ws, and the reason in words. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** A connection whose token is verified. */
export interface Connected {
  /** Key of its caller. */
  readonly owner: string
  /** Time until the token expires. The connection ends then. */
  readonly expiresInMs: number
}

/** A connection, and the token that it came with. */
export interface Opening {
  readonly request: IncomingMessage
  readonly authorization: string | null
}

/** A subscription that a client asks for. */
export interface Asking extends Opening {
  /** As in the body of a request over HTTP. */
  readonly parameters: unknown
  /** Aborted once nobody waits for the events. */
  readonly abandonment: AbortController
}

/** What is done with the messages. None of these throws. */
export interface SocketSteps {
  connect(opening: Opening): Promise<Connected | Closing>
  subscribe(asking: Asking): Promise<Subscribed | Answer>
}

/** Limits of connections and of their messages. */
export interface SocketLimits {
  /** Most connections with a verified token. */
  readonly connectionsMax: number
  /** Most of them of one caller. */
  readonly connectionsPerCallerMax: number
  /** Most connections that have sent no token yet. One more replaces the oldest one. */
  readonly pendingMax: number
  /** Most JSON tokens of a message. */
  readonly tokensMax: number
  /** Time for the token, in milliseconds. */
  readonly initMs?: number
  /** Time between two pings, in milliseconds. A client that has not answered one before the next is gone. */
  readonly pingMs?: number
}

/** The WebSockets of a server. */
export interface Sockets {
  /** Number of open connections. */
  readonly size: number
  /** Turns a connection into a WebSocket. `onVerified` is called once its token is verified. */
  open(request: IncomingMessage, socket: Socket, head: Buffer, onVerified: () => void): void
  /** Ends all connections, after the messages that complete their subscriptions. */
  close(): Promise<void>
}

/** Largest message: a document of the greatest length, with each character escaped, and variables. */
export const messageBytesMax = 131_072
/** Time for `connection_init`, in milliseconds. */
const usualInitMs = 5000
/** Time between two pings, in milliseconds, as for the comments of an event stream. */
const usualPingMs = 12_000
/** Most messages and pings of a connection between two pings of the server. */
const messagesMax = 1000
/** Longest ID of a subscription, in characters. It is sent with each event. */
const idLengthMax = 256
/** Unsent bytes above which no further messages of the client are read. */
const unsentBytesMax = 65_536
/** Time for the last messages of subscriptions before their connection is closed, in milliseconds. */
const endingMs = 500
/** Time for the client's part of closing, in milliseconds. */
const closeTimeoutMs = 1000
/** Longest reason of closing, in bytes (RFC 6455 §5.5). */
const reasonBytesMax = 123

/** Codes of closing that RFC 6455 and its registry define. */
const closing = { goingAway: 1001, policy: 1008, tryAgainLater: 1013 } as const

/** Code for a refusal with this HTTP status. Clients that follow graphql-ws try again after 1013 and 4403 only. */
export function closeCodeOf(status: number, hasToken: boolean): number {
  if (status === 401) return hasToken ? CloseCode.Forbidden : CloseCode.Unauthorized
  if (status === 429 || status === 503) return closing.tryAgainLater
  return status < 500 ? CloseCode.BadRequest : CloseCode.InternalServerError
}

/** True if a request asks for a WebSocket. */
export function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Refuses a malformed handshake (RFC 6455 §4.2.1); null if the request may go on. */
export function refuseHandshake({ headers }: IncomingMessage): Answer | null {
  if (headers['sec-websocket-version'] !== '13') {
    const message = 'WebSocket is spoken in version 13 only: send "Sec-WebSocket-Version: 13".'
    return errorAnswer(426, { code: 'BAD_REQUEST', message }, { 'sec-websocket-version': '13' })
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    const message = 'The Sec-WebSocket-Key header must be base64 of 16 bytes.'
    return errorAnswer(400, { code: 'BAD_REQUEST', message })
  }
  return null
}

/** One connection. */
interface Connection {
  readonly request: IncomingMessage
  readonly socket: WebSocket
  /** Null until its token is verified. */
  owner: string | null
  authorization: string | null
  /** False while a ping of the server waits for its answer. */
  isAlive: boolean
  /** Messages and pings since the last ping of the server. */
  messages: number
  /** Subscriptions that have begun, or are about to. */
  readonly running: Set<Running>
  /** Those that the client has not ended, by their IDs. */
  readonly runningById: Map<string, Running>
  readonly onVerified: () => void
  /** Cancels the end of the connection when its token expires; null until the token is verified. */
  cancelExpiry: (() => void) | null
}

/** A subscription of a connection. */
interface Running {
  readonly abandonment: AbortController
  /** True once the client has ended it before it began, and uses its ID for another. */
  isReplaced: boolean
  readonly ended: Promise<void>
  end(): void
}

/** Stands for each document: what is subscribed to is decided by the steps. */
const anyDocument = parse('subscription { events }')
const anySchema = new GraphQLSchema({})

/**
 * Builds the WebSockets of a server, which speak graphql-transport-ws. A connection has few seconds to send its token, with
 * `connection_init`, and ends with it. Each `subscribe` is a request like one over HTTP, with its limits.
 *
 * Nothing that a client does grows the memory without bound: an event is made once the one before has been sent, and no
 * message is read while much is unsent. A client that does not read cannot answer pings, and loses its connection.
 */
export function createSockets(limits: SocketLimits, steps: SocketSteps): Sockets {
  const { initMs = usualInitMs, pingMs = usualPingMs } = limits
  const connections = new Set<Connection>()
  /** Those without a verified token, the oldest first. */
  const pending = new Set<Connection>()
  const perOwner = new Map<string, number>()

  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handleProtocols,
    // In the types of ws since later versions.
    ...{ closeTimeout: closeTimeoutMs, maxFragments: 64 },
  })

  const protocol = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: initMs,
    async onConnect({ extra: connection, connectionParams }) {
      const { request } = connection
      connection.authorization = tokenIn(connectionParams) ?? headerOf(request.headers, 'authorization')
      const connected = await steps.connect({ request, authorization: connection.authorization })
      const refusal = 'code' in connected ? connected : admit(connection, connected)
      if (refusal === null) return true
      closeSocket(connection.socket, refusal)
      return false
    },
    async onSubscribe({ extra: connection }, id, parameters) {
      if (id.length > idLengthMax) {
        const reason = `The ID of a subscription may have ${idLengthMax} characters.`
        closeSocket(connection.socket, { code: CloseCode.BadRequest, reason })
        return [new GraphQLError(reason)]
      }
      const running = run(connection, id)
      const { request, authorization } = connection
      const { abandonment } = running
      const subscribed = await steps.subscribe({ request, authorization, parameters, abandonment })
      if (running.isReplaced) {
        running.end()
        if ('results' in subscribed) await tellResults(subscribed.results, running.end).return?.()
        // graphql-ws would take any answer for one to the subscription that has the ID now.
        return new Promise<never>(() => {})
      }
      if ('results' in subscribed) {
        const results = tellResults(subscribed.results, running.end)
        return { schema: anySchema, document: anyDocument, contextValue: results }
      }
      running.end()
      return errorsOf(subscribed)
    },
    subscribe: ({ contextValue }) => contextValue as AsyncIterableIterator<ExecutionResult>,
  })

  /** Counts a connection as one of its caller; the refusal if there are too many. */
  function admit(connection: Connection, { owner, expiresInMs }: Connected): Closing | null {
    if (connection.socket.readyState !== connection.socket.OPEN) {
      return { code: closing.goingAway, reason: 'The connection is closing.' }
    }
    const { connectionsMax, connectionsPerCallerMax } = limits
    const ofOwner = perOwner.get(owner) ?? 0
    if (ofOwner >= connectionsPerCallerMax) {
      const reason = `RATE_LIMITED: A caller may have ${connectionsPerCallerMax} WebSockets at once. Send all subscriptions over one.`
      return { code: closing.tryAgainLater, reason }
    }
    if (connections.size - pending.size >= connectionsMax) {
      const reason = 'RATE_LIMITED: The server has reached its limit of WebSockets. Try again later.'
      return { code: closing.tryAgainLater, reason }
    }
    connection.owner = owner
    perOwner.set(owner, ofOwner + 1)
    pending.delete(connection)
    connection.onVerified()
    connection.cancelExpiry = callAt(
      performance.now() + expiresInMs,
      () => void end(connection, tokenExpired),
    )
    return null
  }

  function forget(connection: Connection): void {
    connections.delete(connection)
    pending.delete(connection)
    connection.cancelExpiry?.()
    const { owner } = connection
    if (owner !== null) {
      const left = (perOwner.get(owner) ?? 1) - 1
      if (left === 0) perOwner.delete(owner)
      else perOwner.set(owner, left)
    }
    for (const { abandonment, end } of connection.running) {
      abandonment.abort(new Error('The connection is closed.'))
      end()
    }
    if (connections.size === 0) stopPings()
  }

  let pings: NodeJS.Timeout | null = null
  function startPings(): void {
    pings ??= setInterval(() => {
      for (const connection of connections) ping(connection)
    }, pingMs)
  }
  function stopPings(): void {
    if (pings !== null) clearInterval(pings)
    pings = null
  }

  function attach(connection: Connection): void {
    const { socket } = connection
    const mayGoOn = () => {
      if (socket.readyState !== socket.OPEN) return false
      connection.messages++
      if (connection.messages <= messagesMax) return true
      closeSocket(socket, {
        code: closing.policy,
        reason: `More than ${messagesMax} messages within ${pingMs / 1000} seconds.`,
      })
      return false
    }
    // Such as a message that is too large: ws has closed the connection with the code for it.
    socket.on('error', () => {})
    socket.on('ping', mayGoOn)
    socket.on('pong', () => {
      connection.isAlive = true
    })
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => send(socket, text),
        close: (code = closing.policy, reason = '') => closeSocket(socket, { code, reason }),
        // The payload of a ping is not sent back.
        onPing: () => send(socket, '{"type":"pong"}'),
        onMessage(receive) {
          socket.on('message', (data: RawData, isBinary: boolean) => {
            if (!mayGoOn()) return
            const fault = faultOf(data, isBinary, limits.tokensMax)
            if (fault !== null) return closeSocket(socket, { code: CloseCode.BadRequest, reason: fault })
            receive(String(data)).catch(() => {
              // A message that only servers send, or a connection that broke.
              closeSocket(socket, { code: CloseCode.BadRequest, reason: 'Unexpected message.' })
            })
          })
        },
      },
      connection,
    )
    socket.once('close', (code, reason) => {
      forget(connection)
      // A stream that cannot be ended has no reader any more.
      closed(code, String(reason)).catch(() => {})
    })
  }

  return {
    get size() {
      return connections.size
    },
    open(request, stream, head, onVerified) {
      webSockets.handleUpgrade(request, stream, head, (socket) => {
        const connection: Connection = {
          request,
          socket,
          owner: null,
          authorization: null,
          isAlive: true,
          messages: 0,
          running: new Set(),
          runningById: new Map(),
          onVerified,
          cancelExpiry: null,
        }
        const [oldest] = pending
        if (oldest !== undefined && pending.size >= limits.pendingMax) oldest.socket.terminate()
        connections.add(connection)
        pending.add(connection)
        startPings()
        attach(connection)
      })
    },
    async close() {
      const all = [...connections]
      const closed = all.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)))
      await Promise.all(all.map((connection) => end(connection, serverStops)))
      await Promise.all(closed)
    },
  }
}

const tokenExpired: Closing = {
  code: CloseCode.Forbidden,
  reason: 'UNAUTHENTICATED: The token has expired. Connect again with a new token.',
}
const serverStops: Closing = { code: closing.goingAway, reason: 'The server is stopping. Connect again.' }

/** Closes a connection after the last messages of its subscriptions, which end for the same reason. */
async function end({ socket, running }: Connection, why: Closing): Promise<void> {
  await settlesWithin(endingMs, Promise.all([...running].map(({ ended }) => ended)))
  closeSocket(socket, why)
}

/** Pings a client, unless it is gone. */
function ping(connection: Connection): void {
  const { socket } = connection
  if (!connection.isAlive) {
    socket.terminate()
    return
  }
  connection.isAlive = false
  connection.messages = 0
  if (socket.readyState === socket.OPEN) socket.ping()
}

/** Begins a subscription. graphql-ws lets an ID be used again once the client has ended what had it. */
function run({ running, runningById }: Connection, id: string): Running {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const each: Running = {
    abandonment: new AbortController(),
    isReplaced: false,
    ended,
    end() {
      running.delete(each)
      if (runningById.get(id) === each) runningById.delete(id)
      resolve()
    },
  }
  const replaced = runningById.get(id)
  if (replaced !== undefined) {
    replaced.isReplaced = true
    replaced.abandonment.abort(new Error('The client has ended the subscription.'))
  }
  running.add(each)
  runningById.set(id, each)
  return each
}

/** The token in the payload of `connection_init`; null if it holds none. */
function tokenIn(payload: Record<string, unknown> | undefined): string | null {
  const token = payload?.['Authorization'] ?? payload?.['authorization']
  return typeof token === 'string' ? token : null
}

/** Why a message is not read; null if it is. */
function faultOf(data: RawData, isBinary: boolean, tokensMax: number): string | null {
  if (isBinary) return 'Binary messages are not read: send JSON as text.'
  // One buffer, since ws is not asked for fragments.
  if (Buffer.isBuffer(data) && hasMoreTokens(data, tokensMax)) {
    return `The message has more than ${tokensMax} JSON tokens.`
  }
  return null
}

/** Resolves once the client has been sent a message. Reads nothing more from a client that does not read. */
async function send(socket: WebSocket, text: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.send(text, () => {
    if (socket.isPaused && socket.bufferedAmount <= unsentBytesMax) socket.resume()
    // An error is that of a connection that is about to close.
    resolve()
  })
  if (socket.bufferedAmount > unsentBytesMax) socket.pause()
  await promise
}

function closeSocket(socket: WebSocket, { code, reason }: Closing): void {
  let text = reason.slice(0, reasonBytesMax)
  while (Buffer.byteLength(text) > reasonBytesMax) text = text.slice(0, -1)
  // What a paused client has sent includes its part of closing.
  if (socket.isPaused) socket.resume()
  socket.close(code, text)
}

/** An error that is sent in the form that it has. */
class FormattedError extends GraphQLError {
  readonly #formatted: GraphQLFormattedError
  constructor(formatted: GraphQLFormattedError) {
    super(formatted.message)
    this.#formatted = formatted
  }
  override toJSON(): GraphQLFormattedError {
    return this.#formatted
  }
}

/** Errors of an answer that refuses a subscription. */
function errorsOf({ body }: Answer): readonly GraphQLError[] {
  const { errors } = JSON.parse(typeof body === 'string' ? body : '') as {
    readonly errors: readonly GraphQLFormattedError[]
  }
  return errors.map((error) => new FormattedError(error))
}

/**
 * Results as they are sent. `onEnd` is called when they end, and may be called twice. Once the client has ended them,
 * graphql-ws waits for a result that never comes: it would complete a newer subscription with the same ID.
 */
function tellResults(results: Results, onEnd: () => void): AsyncIterableIterator<ExecutionResult> {
  const iterator = results[Symbol.asyncIterator]()
  let isOver = false
  return {
    async next() {
      const next = await iterator.next().catch((error: unknown) => {
        onEnd()
        throw error
      })
      if (isOver) return new Promise(() => {})
      if (next.done !== true) return { done: false, value: tellResult(next.value) }
      onEnd()
      return next
    },
    async return() {
      isOver = true
      onEnd()
      await iterator.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** A result without the HTTP status of its errors. */
function tellResult({ errors, ...result }: ExecutionResult): ExecutionResult {
  if (errors === undefined) return result
  return {
    ...result,
    errors: errors.map((error) => {
      const { extensions: { http: _, ...extensions } = {}, ...told } = error.toJSON()
      return new FormattedError({ ...told, extensions })
    }),
  }
}
