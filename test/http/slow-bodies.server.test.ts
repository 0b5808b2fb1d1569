import type { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { base64, type Person, type Story, startStoryForTest } from '../support/story.ts'
import { connectTo, rawRequest, readRawAnswer, valuesOf } from './raw-request.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'], project: 'busy' }
/** 16 places in all, so that 40 slow clients are more than enough to take them. */
const few = { REQUESTS_UNDER_WAY_MAX: '4', REQUESTS_WAITING_MAX: '12' }
const slowClients = 40
const json: [string, string] = ['Content-Type', 'application/json']

interface SlowClient {
  readonly socket: Socket
  /** Settled once the server has let go of it. */
  readonly closed: Promise<unknown>
}

/** Settled once a connection is closed, in whatever way. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => (socket.closed ? resolve(null) : socket.once('close', resolve)))
}

/** Opens connections that announce a large body, send a byte of it, and then a byte now and again. */
async function trickle(story: Story, people: readonly Person[], chunked = false): Promise<SlowClient[]> {
  const tokens = await Promise.all(people.map((person) => story.tokenFor(person)))
  return Array.from({ length: slowClients }, (_, n) => {
    const socket = connectTo(story.app.url)
    const closed = closeOf(socket)
    const framing: [string, string] = chunked
      ? ['Transfer-Encoding', 'chunked']
      : ['Content-Length', '2000000']
    const byte = chunked ? '1\r\n{\r\n' : '{'
    socket.write(rawRequest([['Authorization', `Bearer ${tokens[n % tokens.length]}`], json, framing], byte))
    const timer = setInterval(() => socket.write(byte), 50)
    socket.once('close', () => clearInterval(timer))
    return { socket, closed }
  })
}

/** Until the server has begun to read what the slow clients send: whoever comes then finds them there. */
async function untilHeard(story: Story): Promise<void> {
  for (let n = 0; n < 3; n++) expect((await fetch(`${story.app.url}/livez`)).status).toBe(200)
}

/** Requests of a caller, short ones and one whose body takes several packets. */
async function useAs(story: Story, person: Person): Promise<void> {
  const client = story.as(person)
  const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  const plaintext = base64(Buffer.alloc(60_000))
  for (let n = 0; n < 5; n++) {
    const { ciphertext } = await client.mutate('encrypt', { key: userKey.id, plaintext }, 'ciphertext')
    const decrypted = await client.mutate('decrypt', { ciphertext }, 'plaintext')
    expect(decrypted['plaintext']).toBe(plaintext)
    const items = Array.from({ length: 10 }, () => ({ key: userKey.id, plaintext }))
    const batch = await client.mutate('encryptBatch', { items }, 'results { __typename }')
    expect(batch['results']).toHaveLength(10)
  }
}

describe('clients that send their bodies slowly', () => {
  it.each([
    ['two callers without a role', [{ name: 'eve' }, { name: 'mallory' }], false],
    ['two callers without a role, in chunks', [{ name: 'eve' }, { name: 'mallory' }], true],
    [
      'two callers with a role',
      [
        { name: 'eve', roles: ['KMS_USER'] },
        { name: 'mallory', roles: ['KMS_VIEWER'] },
      ],
      false,
    ],
    [
      'as many callers as there are connections',
      Array.from({ length: slowClients }, (_, n) => ({ name: `eve${n}`, roles: ['KMS_USER'] })),
      false,
    ],
  ] as [string, Person[], boolean][])('%s do not keep others out', async (_what, people, chunked) => {
    const story = await startStoryForTest(few)
    await trickle(story, people, chunked)
    await untilHeard(story)
    await useAs(story, mia)
  })

  it('do not keep out others who share their caller', async () => {
    const story = await startStoryForTest(few)
    await trickle(story, [mia])
    await untilHeard(story)
    // Bodies that have hardly begun make no room for others of the same caller, who is told to come back.
    const items = Array.from({ length: 10 }, () => ({
      key: 'none',
      plaintext: base64(Buffer.alloc(60_000)),
    }))
    const document = 'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { __typename } }'
    await vi.waitUntil(
      async () => (await story.as(mia).send(document, { input: { items } })).status === 200,
      { timeout: 20_000, interval: 100 },
    )
    await useAs(story, mia)
  })

  it('without a role are told that they need one, and lose their connection, long before the time is over', async () => {
    const story = await startStoryForTest({ ...few, REQUEST_TIMEOUT_MS: '600000' })
    const clients = await trickle(story, [{ name: 'eve' }])
    const answers = await Promise.all(clients.map(({ socket }) => readRawAnswer(socket)))
    const codes = answers.map(({ status, body }) => [status, JSON.parse(body).errors[0].extensions.code])
    // Some are too many.
    expect(codes.filter(([status]) => status !== 503)).not.toEqual([])
    for (const each of codes)
      expect([
        [403, 'FORBIDDEN'],
        [503, 'UNAVAILABLE'],
      ]).toContainEqual(each)
    await Promise.all(clients.map(({ closed }) => closed))
  })

  const timeOver =
    'are answered 408 when their time is over, however often they send a byte, and lose their connection'
  it(timeOver, { timeout: 20_000 }, async () => {
    const story = await startStoryForTest({ REQUEST_TIMEOUT_MS: '1000' })
    const clients = await trickle(story, [mia])
    const answers = await Promise.all(clients.map(({ socket }) => readRawAnswer(socket)))
    expect(answers.map(({ status }) => status)).toEqual(Array(slowClients).fill(408))
    for (const answer of answers) expect(valuesOf(answer, 'connection')).toEqual(['close'])
    await Promise.all(clients.map(({ closed }) => closed))
  })

  it.each([
    ['a token that is refused', [['Authorization', 'Bearer a.b.c'], json], 401],
    ['no token', [json], 401],
    ['another type of content', [['Content-Type', 'text/plain']], 415],
  ] as [string, [string, string][], number][])(
    'with %s are answered at once, and lose their connection',
    { timeout: 20_000 },
    async (_what, headers, status) => {
      const story = await startStoryForTest()
      const socket = connectTo(story.app.url)
      const closed = closeOf(socket)
      socket.write(rawRequest([...headers, ['Content-Length', '2000000']], '{'))
      const timer = setInterval(() => socket.write(' '), 50)
      socket.once('close', () => clearInterval(timer))
      expect((await readRawAnswer(socket)).status).toBe(status)
      await closed
    },
  )

  it('to another address lose their connection, too', { timeout: 20_000 }, async () => {
    const story = await startStoryForTest()
    const socket = connectTo(story.app.url)
    const closed = closeOf(socket)
    socket.write('POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n{')
    expect((await readRawAnswer(socket)).status).toBe(200)
    await closed
  })
})

describe('a caller without a role', () => {
  it('is answered where its body comes soon, in one packet or two', async () => {
    const story = await startStoryForTest()
    const body = JSON.stringify({ query: '{ viewer { projectId } }' })
    const token = await story.tokenFor({ name: 'eve' })
    const head = rawRequest([
      ['Authorization', `Bearer ${token}`],
      json,
      ['Content-Length', String(body.length)],
    ])
    for (const pause of [false, true]) {
      const socket = connectTo(story.app.url)
      socket.setNoDelay(true)
      socket.write(pause ? `${head}${body.slice(0, 5)}` : `${head}${body}`)
      if (pause) {
        await untilHeard(story)
        socket.write(body.slice(5))
      }
      const answer = await readRawAnswer(socket)
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        200,
        { data: { viewer: { projectId: 'shop' } } },
      ])
    }
  })

  it('that is a service agent may send as much as others: its service key needs no role', async () => {
    const story = await startStoryForTest()
    const agent = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    const plaintext = base64(Buffer.alloc(60_000))
    const { ciphertext } = await agent.mutate('encryptWithServiceKey', { plaintext }, 'ciphertext')
    expect(ciphertext).toEqual(expect.any(String))
  })
})

describe('a connection', () => {
  it('on which no whole head comes is closed within some seconds', async () => {
    const story = await startStoryForTest()
    const beginnings = ['', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\n']
    const sockets = beginnings.map((beginning) => {
      const socket = connectTo(story.app.url)
      socket.resume()
      if (beginning !== '') socket.write(beginning)
      const timer = setInterval(() => beginning !== '' && socket.write('X-A: b\r\n'), 500)
      socket.once('close', () => clearInterval(timer))
      return { socket, openedAtMs: performance.now() }
    })
    // Node looks for such connections twice a minute by default.
    for (const { socket, openedAtMs } of sockets) {
      await closeOf(socket)
      expect(performance.now() - openedAtMs).toBeLessThan(20_000)
    }
  })
})
