import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Listener, openListener } from '../../src/server/http/listener.ts'
import {
  type Connected,
  createSockets,
  type SocketLimits,
  type SocketSteps,
  type Sockets,
  wantsWebSocket,
} from '../../src/server/http/websocket.ts'
import { openSocket, subscribeMessage } from '../subscriptions/socket-client.ts'

/** The WebSockets of a server, whose subscriptions bring as many events as their clients read. */
interface TestSockets {
  readonly listener: Listener
  readonly sockets: Sockets
  readonly url: string
  /** Events that were made so far. */
  readonly made: number
  /** Subscriptions that go on. */
  readonly open: number
}

/** Length of the text of each event. */
const eventLength = 100_000

async function startSockets(
  limits: Partial<SocketLimits> = {},
  steps: Partial<SocketSteps> = {},
  connectionsMax = 100,
): Promise<TestSockets> {
  const state = { made: 0, open: 0 }
  const sockets = createSockets(
    { connectionsMax: 50, connectionsPerCallerMax: 20, pendingMax: 20, tokensMax: 1000, ...limits },
    {
      connect: async ({ authorization }): Promise<Connected> => ({
        owner: authorization ?? '',
        expiresInMs: 60_000,
      }),
      async subscribe() {
        state.open++
        let isOver = false
        return {
          status: 200,
          results: {
            [Symbol.asyncIterator]: () => ({
              async next() {
                if (isOver) return { done: true, value: undefined }
                await setImmediate()
                state.made++
                return { done: false, value: { data: { text: 'x'.repeat(eventLength) } } }
              },
              async return() {
                if (!isOver) state.open--
                isOver = true
                return { done: true, value: undefined }
              },
            }),
          },
        }
      },
      ...steps,
    },
  )
  const listener = await openListener(
    { HOST: '127.0.0.1', PORT: 0, REQUEST_TIMEOUT_MS: 1000 },
    { handler: (_, response) => response.end('answered'), connectionsMax },
  )
  listener.upgradeWith({ accepts: wantsWebSocket, open: sockets.open })
  onTestFinished(async () => {
    await listener.cut()
  })
  return {
    listener,
    sockets,
    url: listener.url,
    get made() {
      return state.made
    },
    get open() {
      return state.open
    },
  }
}

/** A connection that has become a WebSocket, and says and answers nothing by itself. */
async function openBare(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const key = Buffer.alloc(16).toString('base64')
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
  )
  const [data] = await once(socket, 'data')
  expect(String(data)).toMatch(/^HTTP\/1\.1 101 /)
  return socket
}

/** A masked text frame, as clients send them. */
function frameOf(text: string, opcode = 1): Buffer {
  const data = Buffer.from(text)
  const length = data.length < 126 ? [0x80 | data.length] : [0x80 | 126, data.length >> 8, data.length & 0xff]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), data])
}

const init = frameOf('{"type":"connection_init","payload":{"authorization":"ann"}}')

/** Sends a token, and waits for the answer: what is sent before it closes the connection. */
async function acknowledge(socket: Socket): Promise<void> {
  socket.write(init)
  await once(socket, 'data')
}

describe('WebSockets', () => {
  it('that send no token are closed with 4408', async () => {
    const { url, sockets } = await startSockets({ initMs: 50 })
    expect((await (await openSocket(url)).closed).code).toBe(4408)
    await vi.waitFor(() => expect(sockets.size).toBe(0), 5000)
  })

  it('that send no token, and do not close either, are cut off', async () => {
    const { url, sockets } = await startSockets({ initMs: 50 })
    const bare = await openBare(url)
    bare.pause()
    await vi.waitFor(() => expect(sockets.size).toBe(0), 5000)
  })

  it('that send no token make room for newer ones, which have a token', async () => {
    const { url, sockets } = await startSockets({ pendingMax: 5 })
    const idle = await Promise.all(Array.from({ length: 30 }, () => openBare(url)))
    const socket = await openSocket(url)
    expect(await socket.init('ann')).toEqual({ type: 'connection_ack' })
    await vi.waitFor(() => expect(sockets.size).toBe(5), 5000)
    expect(idle.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(5)
  })

  it('that send no token are the first to make room for a request', async () => {
    const { url } = await startSockets({}, {}, 4)
    const verified = await openSocket(url)
    await verified.init('ann')
    const idle = await Promise.all([openBare(url), openBare(url), openBare(url)])
    expect(await (await fetch(url)).text()).toBe('answered')
    await vi.waitFor(() => expect(idle.some(({ destroyed }) => destroyed)).toBe(true), 5000)
    verified.send({ type: 'ping' })
    expect(await verified.next()).toEqual({ type: 'pong' })
  })

  it('are limited in number, for a caller and for all', async () => {
    const { url } = await startSockets({ connectionsMax: 3, connectionsPerCallerMax: 2 })
    const open = async (name: string) => {
      const socket = await openSocket(url)
      socket.send({ type: 'connection_init', payload: { Authorization: name } })
      return Promise.race([socket.next().catch(() => socket.closed), socket.closed])
    }
    const acknowledged = { type: 'connection_ack' }
    const refused = { code: 1013, reason: expect.stringMatching(/^RATE_LIMITED: /) }
    const answers = [
      await open('ann'),
      await open('ann'),
      await open('ann'),
      await open('bob'),
      await open('eve'),
    ]
    expect(answers).toEqual([acknowledged, acknowledged, refused, acknowledged, refused])
  })

  it('whose client is gone without a word are cut off, and their subscriptions end', async () => {
    const server = await startSockets({ pingMs: 1000 })
    const bare = await openBare(server.url)
    await acknowledge(bare)
    bare.write(frameOf(JSON.stringify(subscribeMessage('1', 'subscription { x }'))))
    await vi.waitFor(() => expect(server.open).toBe(1), 5000)
    // Reads and answers nothing, as a machine that lost its network.
    bare.pause()
    await vi.waitFor(() => expect(server.sockets.size).toBe(0), 5000)
    await vi.waitFor(() => expect(server.open).toBe(0), 5000)
  })

  it('whose client answers pings stay open', async () => {
    const { url, sockets } = await startSockets({ pingMs: 200 })
    await (await openSocket(url)).init('ann')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(sockets.size).toBe(1)
  })

  it('whose client reads nothing make no further events', async () => {
    const server = await startSockets()
    const bare = await openBare(server.url)
    await acknowledge(bare)
    bare.pause()
    for (let id = 0; id < 5; id++)
      bare.write(frameOf(JSON.stringify(subscribeMessage(`${id}`, 'subscription { x }'))))
    await vi.waitFor(() => expect(server.open).toBe(5), 5000)
    let before = -1
    await vi.waitFor(
      () => {
        const { made } = server
        const isStill = made === before
        before = made
        expect(isStill).toBe(true)
      },
      { timeout: 10_000, interval: 500 },
    )
    // What the kernel has taken, and one event of each subscription.
    expect(server.made * eventLength).toBeLessThan(16_000_000)
  })

  it('whose client reads nothing, but answers pings that it does not see, are cut off', async () => {
    const server = await startSockets({ pingMs: 1000 })
    const bare = await openBare(server.url)
    await acknowledge(bare)
    bare.pause()
    for (let id = 0; id < 5; id++)
      bare.write(frameOf(JSON.stringify(subscribeMessage(`${id}`, 'subscription { x }'))))
    const pongs = setInterval(() => bare.write(frameOf('', 10)), 20)
    onTestFinished(() => clearInterval(pongs))
    await vi.waitFor(() => expect(server.sockets.size).toBe(0), 10_000)
  })

  it.each([
    ['pings of the protocol', frameOf('{"type":"ping"}')],
    ['pings of WebSocket', frameOf('x', 9)],
    ['messages before a token', frameOf('{"type":"pong"}')],
  ])('that flood the server with %s are closed', async (what, frame) => {
    const server = await startSockets()
    const bare = await openBare(server.url)
    if (!what.includes('before')) bare.write(init)
    bare.resume()
    bare.write(Buffer.concat(Array<Buffer>(1100).fill(frame)))
    await vi.waitFor(() => expect(server.sockets.size).toBe(0), 5000)
  })

  it('in many fragments are closed', async () => {
    const { url } = await startSockets()
    const socket = await openSocket(url)
    await socket.init('ann')
    const part = { fin: false }
    for (let count = 0; count < 100; count++) socket.socket.send(' ', part)
    expect((await socket.closed).code).toBe(1008)
  })

  it('end with their token, however late that is', async () => {
    const { url } = await startSockets(
      {},
      { connect: async () => ({ owner: 'ann', expiresInMs: Number.MAX_SAFE_INTEGER }) },
    )
    const socket = await openSocket(url)
    expect(await socket.init('ann')).toEqual({ type: 'connection_ack' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(socket.socket.readyState).toBe(WebSocket.OPEN)
  })

  it('do not keep requests with other upgrades from being answered', async () => {
    const { url } = await startSockets()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    socket.write(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: 0\r\n\r\n',
    )
    const [data] = await once(socket, 'data')
    expect(String(data)).toMatch(/^HTTP\/1\.1 200 /)
  })
})
