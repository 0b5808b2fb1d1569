import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'

/** A message of graphql-transport-ws. */
export interface Message {
  readonly type: string
  readonly id?: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into payloads of every shape
  readonly payload?: any
}

/** A WebSocket on which a test says whatever it likes. */
export interface RawSocket {
  readonly socket: WebSocket
  /** Everything that has come so far and was not taken by `next`. */
  readonly received: Message[]
  send(...messages: (Message | string | Buffer)[]): void
  /** The next message; waits for it. */
  next(): Promise<Message>
  /** Sends `connection_init` with a token, and waits for the answer. */
  init(token: string): Promise<Message>
  /** Code and reason with which the server has closed the connection; waits for it. */
  readonly closed: Promise<{ code: number; reason: string }>
}

/** Opens a WebSocket that ends with the test. */
export async function openSocket(
  url: string,
  options: ClientOptions & { readonly protocol?: string } = {},
): Promise<RawSocket> {
  const { protocol = 'graphql-transport-ws', ...others } = options
  const socket = new WebSocket(
    `${url.replace('http', 'ws')}/graphql`,
    protocol === '' ? [] : [protocol],
    others,
  )
  onTestFinished(() => socket.terminate())
  const received: Message[] = []
  let wake = () => {}
  socket.on('message', (data) => {
    received.push(JSON.parse(String(data)))
    wake()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: String(reason) })
      wake()
    })
  })
  socket.on('error', () => {})
  const refused = once(socket, 'unexpected-response').then(([, response]) => {
    throw new Error(`refused with ${response.statusCode}`)
  })
  await Promise.race([once(socket, 'open'), refused, closed])
  refused.catch(() => {})
  async function next(): Promise<Message> {
    while (received.length === 0) {
      if (socket.readyState === WebSocket.CLOSED) throw new Error('the connection is closed')
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return received.shift() as Message
  }
  function send(...messages: (Message | string | Buffer)[]): void {
    for (const message of messages) {
      const isRaw = typeof message === 'string' || Buffer.isBuffer(message)
      socket.send(isRaw ? message : JSON.stringify(message))
    }
  }
  return {
    socket,
    received,
    send,
    next,
    init(token) {
      send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } })
      return next()
    },
    closed,
  }
}

/** A message that subscribes. */
export function subscribeMessage(id: string, query: string, variables: object = {}): Message {
  return { type: 'subscribe', id, payload: { query, variables } }
}
