import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Listener, openListener, type RequestHandler } from '../../src/server/http/listener.ts'

const question = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
/** How often there were too many connections. */
let full = 0
const config = { HOST: '127.0.0.1', PORT: 0, REQUEST_TIMEOUT_MS: 60_000 }

describe('a listener that closes', () => {
  it('answers a request that is sent at that moment on a connection that is kept alive', async () => {
    const { listener, ask } = await start()
    const socket = await connected(listener)
    expect(await ask(socket)).toContain('200 OK')
    const closed = listener.close()
    expect(await ask(socket)).toContain('200 OK')
    await closed
  })

  it('answers a request that is sent at that moment on a connection that has asked nothing yet', async () => {
    const { listener, ask } = await start()
    const socket = await connected(listener)
    const closed = listener.close()
    expect(await ask(socket)).toContain('200 OK')
    await closed
  })

  it('accepts whoever connected before it closes, however many there are', async () => {
    const { listener, ask } = await start()
    // All in one turn of the event loop, in which the server accepts none: they wait in the kernel.
    const sockets = Array.from({ length: 200 }, () => open(listener))
    const answers = sockets.map((socket) => ask(socket))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    await listener.close()
    expect((await Promise.all(answers)).filter((answer) => answer.includes('200 OK'))).toHaveLength(200)
  })

  it('waits for the rest of a request whose first bytes have arrived', async () => {
    const { listener, ask } = await start()
    const socket = await connected(listener)
    socket.write(question.slice(0, 20))
    // Answered after what came before it on another connection.
    expect(await ask(await connected(listener))).toContain('200 OK')
    let isClosed = false
    const closed = listener.close().then(() => {
      isClosed = true
    })
    // Longer than a connection may be quiet.
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(isClosed).toBe(false)
    socket.write(question.slice(20))
    expect(String(await once(socket, 'data'))).toContain('200 OK')
    await closed
  })

  it('waits for the answers to all requests of a connection, and counts those that are cut', async () => {
    const begun: (() => void)[] = []
    const { listener } = await start((_request, response) => void begun.push(() => response.end('late')))
    const socket = await connected(listener)
    socket.write(question + question)
    const closed = listener.close()
    await expect.poll(() => begun.length).toBe(2)
    expect(listener.unanswered).toBe(2)
    begun[0]?.()
    expect(String(await once(socket, 'data'))).toContain('late')
    await expect.poll(() => listener.unanswered).toBe(1)
    await listener.cut()
    await closed
    expect(listener.unanswered).toBe(0)
  })

  it('closes connections that ask nothing, and then takes no more', async () => {
    const { listener } = await start()
    const socket = await connected(listener)
    const ended = once(socket, 'close')
    await listener.close()
    await ended
    const late = open(listener)
    expect((await once(late, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('a listener with as many connections as it may have', () => {
  it('closes the one that has asked nothing for longest, and none whose request it works on', async () => {
    const begun: (() => void)[] = []
    const { listener } = await start((_request, response) => void begun.push(() => response.end('late')), 3)
    full = 0
    const working = await connected(listener)
    working.write(question)
    await expect.poll(() => begun.length).toBe(1)
    const oldest = await connected(listener)
    const ended = once(oldest, 'close')
    await connected(listener)
    await connected(listener)
    await ended
    expect(full).toBe(1)
    begun[0]?.()
    expect(String((await once(working, 'data'))[0])).toContain('late')
  })

  it('closes the new one where all others wait for answers', async () => {
    let begun = 0
    const { listener } = await start(() => void begun++, 3)
    for (let count = 0; count < 3; count++) (await connected(listener)).write(question)
    await expect.poll(() => begun).toBe(3)
    const late = await connected(listener)
    await once(late, 'close')
  })

  it('still answers who asks at once, however many come that ask nothing', async () => {
    const { listener, ask } = await start(undefined, 50)
    for (let count = 0; count < 300; count++) open(listener).on('error', () => {})
    const socket = await connected(listener)
    expect(await ask(socket)).toContain('200 OK')
  })
})

/** A server that answers 200, and keeps connections until it closes. */
async function start(
  handler?: RequestHandler,
  connectionsMax = 5000,
): Promise<{ listener: Listener; ask: (socket: Socket) => Promise<string> }> {
  const listener: Listener = await openListener(config, {
    handler:
      handler ??
      ((_request, response) => {
        if (listener.isClosing) response.setHeader('connection', 'close')
        response.end('here')
      }),
    connectionsMax,
    onFull: () => void full++,
  })
  onTestFinished(() => listener.cut())
  return {
    listener,
    async ask(socket) {
      socket.write(question)
      return String((await once(socket, 'data'))[0])
    },
  }
}

function open({ url }: Listener): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  return socket
}

async function connected(listener: Listener): Promise<Socket> {
  const socket = open(listener)
  await once(socket, 'connect')
  return socket
}
