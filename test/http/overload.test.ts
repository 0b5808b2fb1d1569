import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { Caller } from '../../src/keys/rules/caller.ts'
import { callerOf, type GatedServer, startGatedServer, untilLoad } from './gated-server.ts'

const small = { REQUESTS_UNDER_WAY_MAX: '2', REQUESTS_WAITING_MAX: '2', REQUEST_WAIT_MS_MAX: '600000' }
const shed = (message: string) => ({
  errors: [{ message, extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 1 } }],
})

/** Fills a server, with a caller each, so that nobody has more than a share. */
async function fill(gated: GatedServer): Promise<Promise<Response>[]> {
  const asked = ['a', 'b', 'c', 'd'].map((name) => gated.work(name, { caller: name }))
  await untilLoad(gated, { running: 2, queued: 2 })
  return asked
}

describe('a server that has too much to do', () => {
  it('works on so many requests at once, and then on those that wait', async () => {
    const gated = await startGatedServer(small)
    const asked = await fill(gated)
    const first = [...gated.begun]
    expect(first).toHaveLength(2)
    for (const name of ['a', 'b', 'c', 'd']) gated.finish(name)
    for (const response of await Promise.all(asked)) {
      expect(await response.json()).toEqual({ data: { work: 'finished' } })
    }
    expect(gated.begun.toSorted()).toEqual(['a', 'b', 'c', 'd'])
    await untilLoad(gated, { running: 0, queued: 0 })
  })

  it('refuses further ones at once and says when to come back, before it looks at their token', async () => {
    const gated = await startGatedServer(small)
    const asked = await fill(gated)
    const refused = await gated.work('more', { caller: 'nobody' })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
    const message = 'The server has as many requests as it can take. Nothing was done; try again in a second.'
    expect(await refused.json()).toEqual(shed(message))
    for (const name of ['a', 'b', 'c', 'd']) gated.finish(name)
    await Promise.all(asked)
    expect((await gated.work('more', { caller: 'nobody' })).status).toBe(401)
    expect(gated.begun).not.toContain('more')
  })

  it('does not read the bodies of those that it refuses', async () => {
    const gated = await startGatedServer(small)
    await fill(gated)
    const sent = request(`${gated.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 1000 },
    })
    sent.flushHeaders()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(503)
    sent.destroy()
  })

  it('says that it lives, and that it is ready: its load must not fall on others', async () => {
    const gated = await startGatedServer(small)
    await fill(gated)
    for (const path of ['/livez', '/readyz', '/health/live', '/health/ready']) {
      expect((await fetch(`${gated.url}${path}`)).status, path).toBe(200)
    }
    expect((await gated.work('more')).status).toBe(503)
  })

  it('refuses whoever has waited for too long', async () => {
    const gated = await startGatedServer({ ...small, REQUEST_WAIT_MS_MAX: '20' })
    for (const name of ['a', 'b']) void gated.work(name)
    await untilLoad(gated, { running: 2 })
    const late = await gated.work('late')
    expect(late.status).toBe(503)
    const message =
      'The server has too many requests to get to this one soon. Nothing was done; try again in a second.'
    expect(await late.json()).toEqual(shed(message))
    expect(gated.begun).not.toContain('late')
  })

  it('has room for other callers, however much one of them asks', async () => {
    const gated = await startGatedServer(small)
    for (const name of ['a', 'b', 'c']) void gated.work(name)
    await untilLoad(gated, { running: 2, queued: 1 })
    const refused = await gated.work('d')
    const message =
      'Too many requests of this caller, or of its project, are waiting for their answers. Nothing was done; try again in a second.'
    expect([refused.status, await refused.json()]).toEqual([503, shed(message)])
    const other = gated.work('other', { caller: 'bob' })
    await untilLoad(gated, { running: 2, queued: 2 })
    for (const name of ['a', 'b', 'c', 'other']) gated.finish(name)
    expect((await other).status).toBe(200)
  })

  it('logs one warning for all that it refuses, and a line for each where it logs requests that go well', async () => {
    const gated = await startGatedServer(small)
    await fill(gated)
    for (let n = 0; n < 3; n++) await gated.work('more')
    expect(gated.logged.filter(({ level }) => level === 40)).toEqual([
      expect.objectContaining({ reason: 'full', shedRequests: 1 }),
    ])
    const line = { level: 20, route: '/graphql', status: 503, outcome: 'UNAVAILABLE', refusal: 'full' }
    expect(gated.logged.filter(({ refusal }) => refusal !== undefined)).toEqual(
      Array(3).fill(expect.objectContaining(line)),
    )
  })
})

describe('the turn of a request', () => {
  const single = { ...small, REQUESTS_UNDER_WAY_MAX: '1' }

  it('ends with the work, not when the client is told that it took too long', async () => {
    const gated = await startGatedServer({ ...single, REQUEST_TIMEOUT_MS: '100' })
    expect((await gated.work('long')).status).toBe(503)
    expect(gated.server.load()).toEqual({ running: 1, queued: 0 })
    const next = gated.work('next')
    await untilLoad(gated, { queued: 1 })
    expect(gated.begun).toEqual(['long'])
    gated.finish('next')
    gated.finish('long')
    await next
    expect(gated.begun).toEqual(['long', 'next'])
    await untilLoad(gated, { running: 0 })
  })

  it('ends with the work, not when the client goes', async () => {
    const gated = await startGatedServer(single)
    const client = new AbortController()
    const gone = gated.work('long', { signal: client.signal })
    await untilLoad(gated, { running: 1 })
    const next = gated.work('next')
    await untilLoad(gated, { running: 1, queued: 1 })
    client.abort()
    await expect(gone).rejects.toThrow()
    // Whatever the server did about that, it has done before it answers this.
    expect((await fetch(`${gated.url}/livez`)).status).toBe(200)
    expect(gated.begun).toEqual(['long'])
    gated.finish('next')
    gated.finish('long')
    expect((await next).status).toBe(200)
  })

  it('does not come for a client that has gone while it waited', async () => {
    const gated = await startGatedServer(single)
    const first = gated.work('first')
    await untilLoad(gated, { running: 1 })
    const client = new AbortController()
    const gone = gated.work('gone', { signal: client.signal })
    await untilLoad(gated, { queued: 1 })
    client.abort()
    await expect(gone).rejects.toThrow()
    await untilLoad(gated, { running: 1, queued: 0 })
    gated.finish('first')
    expect((await first).status).toBe(200)
    expect(gated.begun).toEqual(['first'])
  })

  it('is not needed for sending a body slowly', async () => {
    const gated = await startGatedServer(single)
    const slow = request(`${gated.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 1000, authorization: 'Bearer slow' },
    })
    slow.on('error', () => {})
    slow.flushHeaders()
    await untilLoad(gated, { running: 0, queued: 1 })
    const quick = gated.work('quick')
    gated.finish('quick')
    expect((await quick).status).toBe(200)
    slow.destroy()
    await untilLoad(gated, { running: 0, queued: 0 })
    expect(gated.logged.filter(({ level }) => Number(level) > 30)).toEqual([])
  })

  it('keeps the place until its client has the answer, and cuts off who does not take it', async () => {
    const gated = await startGatedServer({ ...single, REQUEST_TIMEOUT_MS: '300' })
    const { hostname, port } = new URL(gated.url)
    const client = connect(Number(port), hostname)
    client.pause()
    const body = JSON.stringify({ query: '{ work(name: "long") }' })
    client.write(
      `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ann\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await untilLoad(gated, { running: 1 })
    // More than all buffers on the way can hold.
    gated.finish('long', 'x'.repeat(50_000_000))
    await untilLoad(gated, { running: 0, queued: 1 })
    await untilLoad(gated, { running: 0, queued: 0 })
    client.destroy()
  })

  it('is for callers who are known, however slow the issuer of others is', async () => {
    const slow = Promise.withResolvers<Caller>()
    const gated = await startGatedServer(
      { REQUESTS_UNDER_WAY_MAX: '2', REQUESTS_WAITING_MAX: '6' },
      {
        authenticator: {
          authenticate: () => slow.promise,
          recognise: (header) => (header === 'Bearer known' ? callerOf(header) : null),
          expects: () => false,
        },
      },
    )
    const strangers = [1, 2].map(() => gated.work('strange', { caller: 'new' }))
    await untilLoad(gated, { queued: 2 })
    const refused = await gated.work('strange', { caller: 'new' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    gated.finish('quick')
    expect((await gated.work('quick', { caller: 'known' })).status).toBe(200)
    slow.resolve(callerOf('Bearer new'))
    gated.finish('strange')
    expect((await Promise.all(strangers)).map(({ status }) => status)).toEqual([200, 200])
  })

  it('ends for a client that breaks off its request while it is found out who asks', async () => {
    const issuer = Promise.withResolvers<Caller>()
    const gated = await startGatedServer(
      {},
      { authenticator: { authenticate: () => issuer.promise, recognise: () => null, expects: () => false } },
    )
    const { hostname, port } = new URL(gated.url)
    const client = connect(Number(port), hostname)
    client.write(
      `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ann\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    )
    await untilLoad(gated, { queued: 1 })
    client.destroy()
    // Asked and answered after the server has seen that.
    for (let n = 0; n < 3; n++) await fetch(`${gated.url}/livez`)
    issuer.resolve(callerOf('Bearer ann'))
    await untilLoad(gated, { running: 0, queued: 0 })
  })

  it('ends for all requests that a client has sent on one connection without waiting for answers', async () => {
    const gated = await startGatedServer({ ...small, REQUESTS_WAITING_MAX: '20' })
    const { hostname, port } = new URL(gated.url)
    const client = connect(Number(port), hostname)
    const ask = (name: string) => {
      const body = JSON.stringify({ query: `{ work(name: "${name}") }` })
      return `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ann\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    client.write(`${ask('long')}${ask('quick').repeat(3)}`)
    await untilLoad(gated, { running: 2, queued: 2 })
    // Their answers wait for the first one.
    gated.finish('quick')
    await untilLoad(gated, { running: 1, queued: 3 })
    client.destroy()
    for (let n = 0; n < 3; n++) await fetch(`${gated.url}/livez`)
    gated.finish('long')
    await untilLoad(gated, { running: 0, queued: 0 })
  })

  it('ends where an answer begins that goes on, as a stream of events does', async () => {
    const gated = await startGatedServer(single)
    const client = new AbortController()
    const headers = { authorization: 'Bearer ann', accept: 'text/event-stream' }
    const stream = await gated.post('subscription { ticks }', headers, client.signal)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    await untilLoad(gated, { running: 0, queued: 0 })
    client.abort()
  })
})

describe('a server that is asked to stop', () => {
  it('finishes what is under way and what waits', async () => {
    const gated = await startGatedServer(small)
    const asked = await fill(gated)
    const closed = gated.server.close()
    for (const name of ['a', 'b', 'c', 'd']) gated.finish(name)
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await closed).toEqual({ cutRequests: 0 })
  })

  it('cuts off what takes longer than it may, and tells how much that was', async () => {
    const gated = await startGatedServer({ ...small, SHUTDOWN_TIMEOUT_MS: '50' })
    const asked = await fill(gated)
    const failed = Promise.all(asked.map((each) => expect(each).rejects.toThrow()))
    expect(await gated.server.close()).toEqual({ cutRequests: 4 })
    await failed
  })

  it('waits for work whose client was already told that it took too long', async () => {
    const gated = await startGatedServer({ ...small, REQUEST_TIMEOUT_MS: '100' })
    expect((await gated.work('long')).status).toBe(503)
    let isClosed = false
    const closed = gated.server.close().then((result) => {
      isClosed = true
      return result
    })
    // A request on the connection that is there may still be answered.
    const isRefused = () =>
      fetch(`${gated.url}/livez`).then(
        () => false,
        () => true,
      )
    await vi.waitUntil(isRefused, { timeout: 10_000 })
    // Long enough for a stop that waits for connections only.
    await sleep(100)
    expect(isClosed).toBe(false)
    gated.finish('long')
    expect(await closed).toEqual({ cutRequests: 0 })
  })
})
