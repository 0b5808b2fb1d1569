import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory, startStoryForTest } from '../support/story.ts'
import { isListening, subscribeAs } from './event-source.ts'
import { openSocket, type RawSocket, subscribeMessage } from './socket-client.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const rob: Person = { name: 'rob', roles: ['KMS_USER'] }
const nina: Person = { name: 'nina' }

const userKeysChanged = 'subscription { userKeysChanged { listAgain changedKeys { name } } }'
const first = { userKeysChanged: { listAgain: true, changedKeys: [] } }

async function openAs(story: Story, person: Person): Promise<RawSocket> {
  const socket = await openSocket(story.app.url)
  expect(await socket.init(await story.tokenFor(person))).toEqual({ type: 'connection_ack' })
  return socket
}

/** A client of the library, as applications use it. */
function clientOf(story: Story, token: () => Promise<string>, closes: number[] = []) {
  const client = createClient({
    url: `${story.app.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ Authorization: `Bearer ${await token()}` }),
    retryAttempts: 3,
    retryWait: async () => {},
    on: { closed: (event) => void closes.push((event as { code: number }).code) },
  })
  onTestFinished(() => void client.dispose())
  return client
}

describe.skipIf(hasNoDatabase())('subscriptions over WebSocket', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  it('bring the events of a change to the client of graphql-ws, several over one connection', async () => {
    await isListening(story)
    const client = clientOf(story, () => story.tokenFor(olga))
    const changes = client.iterate({ query: userKeysChanged })
    expect(await changes.next()).toEqual({ done: false, value: { data: first } })
    const created = await story.as(olga).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const { value } = await changes.next()
    expect(value.data).toEqual({ userKeysChanged: { listAgain: false, changedKeys: [{ name: 'orders' }] } })
    const events = client.iterate({
      query: 'subscription($id: KeyRef!) { keyEvents(key: $id) { changes key { name } } }',
      variables: { id: created['userKey'].id },
    })
    expect((await events.next()).value.data.keyEvents).toEqual({ changes: [], key: { name: 'orders' } })
    await changes.return?.()
    await events.return?.()
  })

  it.each(['Authorization', 'authorization'])('take the token from %s of connection_init', async (name) => {
    const socket = await openSocket(story.app.url)
    const payload = { [name]: `Bearer ${await story.tokenFor(olga)}` }
    socket.send({ type: 'connection_init', payload })
    expect(await socket.next()).toEqual({ type: 'connection_ack' })
  })

  it('take the token from the header of the handshake, where connection_init has none', async () => {
    const headers = { authorization: `Bearer ${await story.tokenFor(olga)}` }
    const socket = await openSocket(story.app.url, { headers })
    socket.send({ type: 'connection_init' })
    expect(await socket.next()).toEqual({ type: 'connection_ack' })
  })

  it('without a token are closed with 4401, after which clients do not try again', async () => {
    const socket = await openSocket(story.app.url)
    socket.send({ type: 'connection_init', payload: {} })
    expect(await socket.closed).toEqual({
      code: 4401,
      reason: expect.stringMatching(/^UNAUTHENTICATED: A token is required/),
    })
    expect(socket.received).toEqual([])
  })

  it('with a bad token are closed with 4403, and logged like a request that is refused', async () => {
    const socket = await openSocket(story.app.url, { headers: { 'x-request-id': 'bad-socket' } })
    socket.send({ type: 'connection_init', payload: { Authorization: 'Bearer x.y.z' } })
    expect((await socket.closed).code).toBe(4403)
    const line = story.logged.find((each) => each.includes('bad-socket'))
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      status: 401,
      outcome: 'UNAUTHENTICATED',
      route: '/graphql',
    })
  })

  it('are refused before connection_init with 4401', async () => {
    const socket = await openSocket(story.app.url)
    socket.send(subscribeMessage('1', userKeysChanged))
    expect((await socket.closed).code).toBe(4401)
  })

  it('speak graphql-transport-ws only', async () => {
    const socket = await openSocket(story.app.url, { protocol: '' })
    expect(await socket.closed).toMatchObject({ code: 4406 })
  })

  it.each([
    ['{ viewer { projectId } }', 'query'],
    ['mutation { createUserKey(input: { name: "x" }) { __typename } }', 'mutation'],
  ])('answer no %s', async (query, kind) => {
    const socket = await openAs(story, olga)
    // The second time the document is known.
    for (const id of ['1', '2']) {
      socket.send(subscribeMessage(id, query))
      expect(await socket.next()).toMatchObject({
        type: 'error',
        id,
        payload: [
          {
            message: `Only subscriptions are answered over WebSocket. Send the ${kind} as a POST request to the same URL.`,
            extensions: { code: 'BAD_REQUEST' },
          },
        ],
      })
    }
    const { userKeys } = await story
      .as(olga)
      .ask<{ userKeys: { nodes: unknown[] } }>('{ userKeys(filter: { name: "x" }) { nodes { id } } }')
      .catch(() => ({ userKeys: { nodes: [] } }))
    expect(userKeys.nodes).toEqual([])
  })

  it.each([
    ['{', {}],
    ['subscription { nothing }', {}],
    ['subscription A { userKeysChanged { at } } subscription B { userKeysChanged { at } }', {}],
    ['subscription { a: userKeysChanged { at } b: userKeysChanged { at } }', {}],
    ['subscription($id: KeyRef!) { keyEvents(key: $id) { at } }', {}],
    ['subscription($id: KeyRef!) { keyEvents(key: $id) { at } }', { id: { a: 1 } }],
    [
      'subscription { userKeysChanged { changedKeys { versions(first: 200) { nodes { number versionStatus createdAt } } } } }',
      {},
    ],
    [`subscription { userKeysChanged { at } } # ${'x'.repeat(20_000)}`, {}],
    [`subscription { userKeysChanged { ${'at '.repeat(4000)} } }`, {}],
  ])('are refused with the errors of an event stream: %.60s', async (query, variables) => {
    const [{ errors } = { errors: [] }] = await (await subscribeAs(story, olga, query, variables)).rest()
    expect(errors).toHaveLength(1)
    const socket = await openAs(story, olga)
    socket.send(subscribeMessage('1', query, variables))
    expect(await socket.next()).toEqual({ type: 'error', id: '1', payload: errors })
    expect(JSON.stringify(errors)).not.toContain('"http"')
  })

  it('are refused to callers without a role', async () => {
    const socket = await openAs(story, nina)
    socket.send(subscribeMessage('1', userKeysChanged))
    const message = await socket.next()
    const [error] = message.type === 'error' ? message.payload : message.payload.errors
    expect(error.extensions.code).toBe('FORBIDDEN')
  })

  it.each([
    ['no JSON', ['{'], 4400],
    ['another JSON value', ['[]'], 4400],
    ['an unknown type', ['{"type":"start"}'], 4400],
    ['a message of servers', ['{"type":"connection_ack"}'], 4400],
    ['a subscription without a document', ['{"type":"subscribe","id":"1","payload":{}}'], 4400],
    ['bytes', [Buffer.from('{"type":"ping"}')], 4400],
    ['a second connection_init', ['{"type":"connection_init"}'], 4429],
    ['an ID in use', [subscribeMessage('1', userKeysChanged), subscribeMessage('1', userKeysChanged)], 4409],
    ['an ID of any length', [subscribeMessage('x'.repeat(257), userKeysChanged)], 4400],
    ['too many JSON tokens', [`{"type":"ping","payload":{"a":[${'1,'.repeat(30_000)}1]}}`], 4400],
    ['a message that is too large', [`{"type":"ping","payload":{"a":"${'x'.repeat(131_072)}"}}`], 1009],
  ])('are closed after %s', async (_what, messages, code) => {
    const socket = await openAs(story, olga)
    socket.send(...messages)
    expect((await socket.closed).code).toBe(code)
  })

  it('answer pings without their payload', async () => {
    const socket = await openAs(story, olga)
    socket.send({ type: 'ping', payload: { a: 'x'.repeat(100_000) } })
    expect(await socket.next()).toEqual({ type: 'pong' })
  })

  it('end when the client completes them, and leave their place', async () => {
    const socket = await openAs(story, rob)
    for (let round = 0; round < 30; round++) {
      socket.send(subscribeMessage('1', userKeysChanged))
      expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: first } })
      socket.send({ type: 'complete', id: '1' })
    }
    socket.send({ type: 'ping' })
    expect(await socket.next()).toEqual({ type: 'pong' })
  })

  it('that the client completes before they begin give their ID and their place to another', async () => {
    const person: Person = { name: 'hasty', roles: ['KMS_USER'] }
    const socket = await openAs(story, person)
    const ids = ['a', 'b', 'c']
    for (const id of ids) {
      const subscribe = subscribeMessage(id, userKeysChanged)
      socket.send(subscribe, { type: 'complete', id }, subscribe, { type: 'complete', id }, subscribe)
    }
    /** That the caller has so many places left, and no more. */
    const haveLeft = (places: number) =>
      vi.waitFor(async () => {
        const other = await openAs(story, person)
        for (let id = 0; id <= places; id++) other.send(subscribeMessage(String(id), userKeysChanged))
        const types = []
        for (let id = 0; id <= places; id++) types.push((await other.next()).type)
        other.socket.terminate()
        expect(types.sort()).toEqual(['error', ...Array(places).fill('next')])
      }, 15_000)
    await haveLeft(20 - ids.length)
    expect(socket.received.map(({ type, id }) => `${type} ${id}`).sort()).toEqual([
      'next a',
      'next b',
      'next c',
    ])
    socket.socket.terminate()
    await haveLeft(20)
  })

  it('leave their places when the client goes away, whatever it was doing', async () => {
    const person: Person = { name: 'gone', roles: ['KMS_USER'] }
    for (let round = 0; round < 3; round++) {
      const socket = await openAs(story, person)
      for (let id = 0; id < 20; id++) {
        socket.send(subscribeMessage('same', userKeysChanged), { type: 'complete', id: 'same' })
        socket.send(subscribeMessage(String(id), userKeysChanged))
      }
      await socket.next()
      socket.socket.terminate()
    }
    await vi.waitFor(async () => {
      const socket = await openAs(story, person)
      for (let id = 0; id < 20; id++) socket.send(subscribeMessage(String(id), userKeysChanged))
      for (let id = 0; id < 20; id++) expect((await socket.next()).type).toBe('next')
      socket.socket.terminate()
    }, 15_000)
  })
})

describe.skipIf(hasNoDatabase())('the end of a subscription over WebSocket', () => {
  it('comes with its token, and the connection ends, too', async () => {
    const story = await startStoryForTest()
    await isListening(story)
    const socket = await openSocket(story.app.url)
    const exp = Math.floor(story.clock.now().getTime() / 1000) + 2
    await socket.init(await story.tokenFor(olga, { exp }))
    socket.send(subscribeMessage('1', userKeysChanged))
    const { code, reason } = await socket.closed
    expect(code).toBe(4403)
    expect(reason).toBe('UNAUTHENTICATED: The token has expired. Connect again with a new token.')
    expect(socket.received).toMatchObject([
      { type: 'next', payload: { data: first } },
      { type: 'next', id: '1', payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } },
      { type: 'complete', id: '1' },
    ])
  })

  it('at the end of a token lets the client of graphql-ws go on with a new one', async () => {
    const story = await startStoryForTest()
    await isListening(story)
    const closes: number[] = []
    let tokens = 0
    const token = () => {
      const lifeSeconds = tokens++ === 0 ? 2 : 600
      return story.tokenFor(olga, { exp: Math.floor(story.clock.now().getTime() / 1000) + lifeSeconds })
    }
    const client = clientOf(story, token, closes)
    const told: unknown[] = []
    client.subscribe(
      { query: userKeysChanged, operationName: null },
      {
        next: (result) => void told.push(result.data ?? result.errors?.[0]?.extensions?.['code']),
        error: (error) => void told.push(error),
        complete: () => void told.push('complete'),
      },
    )
    await vi.waitFor(() => expect(told).toEqual([first, 'UNAUTHENTICATED', 'complete']), 10_000)
    // The subscription was told to subscribe again.
    const again = client.iterate({ query: userKeysChanged })
    expect((await again.next()).value.data).toEqual(first)
    expect(tokens).toBe(2)
    expect(closes.every((code) => code === 4403 || code === 1000)).toBe(true)
  })

  it('comes when the token has expired by the clock, at the next subscription', async () => {
    const story = await startStoryForTest()
    const socket = await openAs(story, olga)
    story.clock.advance({ minutes: 11 })
    socket.send(subscribeMessage('1', userKeysChanged))
    expect(await socket.next()).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
  })

  it('comes when access is lost, and the key is redacted from then on', async () => {
    const story = await startStoryForTest()
    await isListening(story)
    const { userKey } = await story
      .as(olga)
      .mutate(
        'createUserKey',
        { name: 'orders', accessControl: { enabled: true, allowedSubjects: ['user:olga', 'user:rob'] } },
        'userKey { id }',
      )
    const socket = await openAs(story, rob)
    const query = `subscription($id: KeyRef!) { keyEvents(key: $id) { changes key { ... on UserKey { viewerCanAccess } } } }`
    socket.send(subscribeMessage('1', query, { id: userKey.id }))
    expect((await socket.next()).payload.data.keyEvents.key).toEqual({ viewerCanAccess: true })
    await story.as(olga).mutate('removeAllowedSubjects', { key: userKey.id, subjects: ['user:rob'] })
    expect((await socket.next()).payload.data.keyEvents).toEqual({
      changes: ['ACCESS'],
      key: { viewerCanAccess: false },
    })
  })

  it('comes with 1001 when the server stops, after what completes it', async () => {
    const story = await startStoryForTest()
    const socket = await openAs(story, olga)
    const idle = await openAs(story, rob)
    socket.send(subscribeMessage('1', userKeysChanged))
    await socket.next()
    const began = performance.now()
    await story.stop()
    expect(performance.now() - began).toBeLessThan(5000)
    expect(await socket.closed).toEqual({ code: 1001, reason: 'The server is stopping. Connect again.' })
    expect((await idle.closed).code).toBe(1001)
    expect(socket.received).toEqual([{ type: 'complete', id: '1' }])
    expect(story.logged.filter((line) => line.includes('before everything was finished'))).toEqual([])
  })

  it('does not hold up a stop where the client says nothing more', async () => {
    const story = await startStoryForTest()
    const socket = await openAs(story, olga)
    socket.send(subscribeMessage('1', userKeysChanged))
    await socket.next()
    socket.socket.pause()
    const began = performance.now()
    await story.stop()
    expect(performance.now() - began).toBeLessThan(5000)
  })
})

describe.skipIf(hasNoDatabase())('limits of subscriptions over WebSocket', () => {
  it('are those of the caller, together with its event streams', async () => {
    const story = await startStoryForTest({ SUBSCRIPTIONS_PER_CALLER_MAX: '2' })
    const stream = await subscribeAs(story, olga, userKeysChanged)
    await stream.next()
    const socket = await openAs(story, olga)
    socket.send(subscribeMessage('1', userKeysChanged))
    expect((await socket.next()).type).toBe('next')
    socket.send(subscribeMessage('2', userKeysChanged))
    expect(await socket.next()).toMatchObject({
      type: 'error',
      id: '2',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    })
    await openAs(story, olga)
    const third = await openSocket(story.app.url)
    third.send({
      type: 'connection_init',
      payload: { Authorization: `Bearer ${await story.tokenFor(olga)}` },
    })
    expect(await third.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('RATE_LIMITED') })
    await openAs(story, rob)
  })

  it('are those of the rate of the caller: a unit to connect, and one to subscribe', async () => {
    const story = await startStoryForTest({
      RATE_LIMIT_UNITS: '2',
      RATE_LIMIT_WINDOW_SECONDS: '86400',
      BATCH_ITEMS_MAX: '1',
    })
    const socket = await openAs(story, olga)
    socket.send(subscribeMessage('1', userKeysChanged))
    expect((await socket.next()).type).toBe('next')
    socket.send(subscribeMessage('2', userKeysChanged))
    expect(await socket.next()).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) } }],
    })
    const other = await openSocket(story.app.url)
    other.send({
      type: 'connection_init',
      payload: { Authorization: `Bearer ${await story.tokenFor(olga)}` },
    })
    expect((await other.closed).code).toBe(1013)
  })

  it('hold against a thousand subscriptions at once, and others are served meanwhile', async () => {
    const story = await startStoryForTest()
    const socket = await openAs(story, olga)
    for (let id = 0; id < 999; id++) socket.send(subscribeMessage(String(id), userKeysChanged))
    expect((await (await subscribeAs(story, rob, userKeysChanged)).next()).data).toEqual(first)
    const types: Record<string, number> = {}
    for (let id = 0; id < 999; id++) {
      const { type } = await socket.next()
      types[type] = (types[type] ?? 0) + 1
    }
    expect(types).toEqual({ next: 20, error: 979 })
    // One too many.
    socket.send({ type: 'ping' }, { type: 'ping' })
    expect((await socket.closed).code).toBe(1008)
  })

  it('are told to clients where subscriptions are switched off', async () => {
    const story = await startStoryForTest({ SUBSCRIPTIONS_PER_CALLER_MAX: '0' })
    const socket = await openAs(story, olga)
    socket.send(subscribeMessage('1', userKeysChanged))
    expect((await socket.next()).payload[0].message).toMatch(/switched off/)
  })
})

/** Status and body of an answer to a handshake; 101 if it succeeds. */
async function shakeHands(
  url: string,
  headers: Record<string, string>,
  path = '/graphql',
): Promise<{ status: number; body: string; headers: IncomingHttpHeaders }> {
  const { hostname, port } = new URL(url)
  const asked = request({
    hostname,
    port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      'sec-websocket-protocol': 'graphql-transport-ws',
      ...headers,
    },
  })
  asked.end()
  const upgraded = once(asked, 'upgrade').then(([response, socket]) => {
    socket.destroy()
    return { status: response.statusCode as number, body: '', headers: response.headers }
  })
  const answered = once(asked, 'response').then(async ([response]) => ({
    status: response.statusCode as number,
    body: await text(response),
    headers: response.headers,
  }))
  return Promise.race([upgraded, answered])
}

describe.skipIf(hasNoDatabase())('a handshake for subscriptions over WebSocket', () => {
  let story: Story
  let host: string
  beforeAll(async () => {
    story = await startStory({ CORS_ORIGINS: 'https://console.example' })
    host = new URL(story.app.url).host
  })
  afterAll(() => endStory(story))

  it.each([
    ['a program', {}],
    ['a page of an allowed origin', { origin: 'https://console.example' }],
    ['a page of the server itself', { host: 'kms.example', origin: 'https://kms.example' }],
  ])('is accepted from %s', async (_who, headers) => {
    expect((await shakeHands(story.app.url, headers)).status).toBe(101)
  })

  it.each([
    ['another site', { origin: 'https://foreign.example' }],
    ['a subdomain of an allowed origin', { origin: 'https://a.console.example' }],
    ['an allowed origin without TLS', { origin: 'http://console.example' }],
    ['a sandbox', { origin: 'null' }],
    ['another port of this machine', { host: 'localhost:4600', origin: 'http://localhost:1' }],
  ])('is refused to a page of %s', async (_who, headers) => {
    const answer = await shakeHands(story.app.url, headers)
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  })

  it.each([
    ['at another path', {}, '/other', 404],
    ['in another version', { 'sec-websocket-version': '8' }, '/graphql', 426],
    ['with a malformed key', { 'sec-websocket-key': 'x' }, '/graphql', 400],
    [
      'with a transfer coding that others read differently',
      { 'transfer-encoding': 'gzip, chunked' },
      '/graphql',
      501,
    ],
  ])('is refused %s, with a body', async (_how, headers, path, status) => {
    const answer = await shakeHands(story.app.url, headers, path)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  it('is not taken for a request whose other upgrade the server does not know', async () => {
    const answer = await shakeHands(story.app.url, { upgrade: 'h2c', host })
    expect(answer.status).toBe(405)
  })
})
