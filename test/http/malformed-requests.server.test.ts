import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'
import { connectTo, exchange, type RawAnswer, rawRequest, readRawAnswer, valuesOf } from './raw-request.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const query = JSON.stringify({ query: '{ viewer { projectId } }' })

let story: Story
let authorization: [string, string]
beforeAll(async () => {
  story = await startStory()
  authorization = ['Authorization', `Bearer ${await story.tokenFor(member)}`]
})
afterAll(() => endStory(story))

const json: [string, string] = ['Content-Type', 'application/json']
const lengthOf = (body: string): [string, string] => ['Content-Length', String(Buffer.byteLength(body))]

function send(headers: readonly (readonly [string, string])[], body = query): Promise<RawAnswer> {
  return exchange(story.app.url, rawRequest([authorization, json, lengthOf(body), ...headers], body))
}

function codeIn({ body }: RawAnswer): string {
  return JSON.parse(body).errors[0].extensions.code
}

describe('the framing of an answer', () => {
  const accepts = [
    null,
    '*/*',
    'application/json',
    'application/graphql-response+json',
    'text/event-stream',
    'text/event-stream, application/json',
    'application/json, text/event-stream, multipart/mixed',
    'multipart/mixed',
    'multipart/mixed;deferSpec=20220824, application/json',
    'multipart/mixed, text/event-stream',
    'text/html',
  ]
  const bodies: Record<string, string> = {
    'a query': '{ viewer { projectId } }',
    'a query that is refused': '{ nothing }',
    'a mutation': 'mutation { generateRandom(input: { lengthBytes: 1 }) { __typename } }',
    'what is no document': '{',
  }

  it.each(accepts)('is one, the same each time, for Accept: %s', async (accept) => {
    for (const [what, document] of Object.entries(bodies)) {
      const seen: unknown[] = []
      for (let n = 0; n < 3; n++) {
        // A text of its own, so that it comes for the first time and then again.
        const body = JSON.stringify({ query: `${document} # ${accept}` })
        const answer = await send(accept === null ? [] : [['Accept', accept]], body)
        const framing = ['content-length', 'transfer-encoding'].flatMap((name) => valuesOf(answer, name))
        expect(framing, `${what} ${JSON.stringify(answer)}`).toHaveLength(1)
        expect(valuesOf(answer, 'content-type'), what).toHaveLength(1)
        const [mediaType = ''] = valuesOf(answer, 'content-type')
        expect(mediaType).not.toContain('multipart')
        if (mediaType.includes('json')) expect(() => JSON.parse(answer.body)).not.toThrow()
        seen.push([answer.status, mediaType, valuesOf(answer, 'connection')])
      }
      expect(new Set(seen.map((each) => JSON.stringify(each))).size, `${what} ${JSON.stringify(seen)}`).toBe(
        1,
      )
    }
  })

  it.each(['multipart/mixed', 'text/html', 'application/json;q=0'])(
    'Accept: %s is answered 406, with what there is',
    async (accept) => {
      const answer = await send([['Accept', accept]])
      expect([answer.status, codeIn(answer)]).toEqual([406, 'BAD_REQUEST'])
      expect(answer.body).toContain('application/graphql-response+json')
    },
  )

  it('is the same for several Accept headers as for one with all of them', async () => {
    const answer = await send([
      ['Accept', 'text/html'],
      ['Accept', 'application/json'],
    ])
    expect([answer.status, ...valuesOf(answer, 'content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ])
  })

  it('errors outside of GraphQL are of a type that the client takes, too', async () => {
    const ask = (accept: string) =>
      exchange(story.app.url, rawRequest([json, lengthOf(query), ['Accept', accept]], query))
    for (const type of ['application/json', 'application/graphql-response+json']) {
      const answer = await ask(type)
      expect([answer.status, ...valuesOf(answer, 'content-type')]).toEqual([401, `${type}; charset=utf-8`])
    }
  })
})

describe('a body in a coding', () => {
  it.each(['gzip', 'GZIP', 'br', 'deflate', 'zstd', 'identity, gzip', 'gzip, identity', 'x-unknown', '*'])(
    '%s is answered 415 with what there is, before it is read',
    async (coding) => {
      const [head = ''] = rawRequest([
        authorization,
        json,
        ['Content-Length', '2000'],
        ['Content-Encoding', coding],
      ]).split('\r\n\r\n')
      const answer = await exchange(story.app.url, `${head}\r\n\r\n`)
      expect([answer.status, codeIn(answer)]).toEqual([415, 'BAD_REQUEST'])
      expect(valuesOf(answer, 'accept-encoding')).toEqual(['identity'])
    },
  )

  it('in two headers is answered 415', async () => {
    const answer = await send([
      ['Content-Encoding', 'identity'],
      ['Content-Encoding', 'gzip'],
    ])
    expect(answer.status).toBe(415)
  })

  it('gzip, sent as a browser would, is answered 415', async () => {
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        authorization: authorization[1],
      },
      body: gzipSync(query),
    })
    expect(response.status).toBe(415)
  })

  it.each(['identity', 'Identity', ''])('%j is read as it is', async (coding) => {
    expect((await send([['Content-Encoding', coding]])).status).toBe(200)
  })
})

describe('the framing of a request', () => {
  const chunked = `${Buffer.byteLength(query).toString(16)}\r\n${query}\r\n0\r\n\r\n`

  it('in chunks is read', async () => {
    const answer = await exchange(
      story.app.url,
      rawRequest([authorization, json, ['Transfer-Encoding', 'chunked']], chunked),
    )
    expect(answer.status).toBe(200)
  })

  it.each(['gzip, chunked', 'deflate, chunked', 'x-unknown, chunked', 'identity, chunked'])(
    'Transfer-Encoding: %s is answered 501, and ends the connection',
    async (coding) => {
      const socket = connectTo(story.app.url)
      socket.write(rawRequest([authorization, json, ['Transfer-Encoding', coding]], chunked))
      const answer = await readRawAnswer(socket)
      expect([answer.status, codeIn(answer)]).toEqual([501, 'BAD_REQUEST'])
      expect(valuesOf(answer, 'connection')).toEqual(['close'])
      await once(socket, 'close')
    },
  )

  it('in chunks of HTTP/1.0 is answered 400, and ends the connection', async () => {
    const bytes = rawRequest([authorization, json, ['Transfer-Encoding', 'chunked']], chunked)
    const answer = await exchange(story.app.url, bytes.replace('HTTP/1.1', 'HTTP/1.0'))
    expect(answer.status).toBe(400)
    expect(valuesOf(answer, 'connection')).toEqual(['close'])
  })

  it.each([
    ['a length and chunks', [['Transfer-Encoding', 'chunked'], lengthOf(query)], chunked],
    ['two lengths', [lengthOf(query), ['Content-Length', '3']], query],
    ['one length twice', [lengthOf(query), lengthOf(query)], query],
    ['a list of lengths', [['Content-Length', '3, 3']], 'abc'],
    ['a signed length', [['Content-Length', '+3']], 'abc'],
    ['chunks that are not the last coding', [['Transfer-Encoding', 'chunked, gzip']], chunked],
    [
      'chunks twice',
      [
        ['Transfer-Encoding', 'chunked'],
        ['Transfer-Encoding', 'chunked'],
      ],
      chunked,
    ],
    ['another coding alone', [['Transfer-Encoding', 'gzip']], chunked],
    ['chunks by another name', [['Transfer-Encoding', 'xchunked']], chunked],
    ['a space before the colon', [['Content-Length ', '3']], 'abc'],
    ['a header on two lines', [['X-A', 'b\r\n c'], lengthOf(query)], query],
    ['two hosts', [['Host', 'elsewhere'], lengthOf(query)], query],
  ] as [string, [string, string][], string][])('with %s is refused', async (_what, headers, body) => {
    const answer = await exchange(story.app.url, rawRequest([authorization, json, ...headers], body))
    expect([answer.status, codeIn(answer)]).toEqual([400, 'BAD_REQUEST'])
    expect(valuesOf(answer, 'content-length')).toEqual([String(Buffer.byteLength(answer.body))])
    expect(valuesOf(answer, 'x-content-type-options')).toEqual(['nosniff'])
  })

  it('whose body cannot be read gets no second answer', async () => {
    const socket = connectTo(story.app.url)
    let received = ''
    socket.setEncoding('latin1').on('data', (more: string) => {
      received += more
    })
    socket.write(rawRequest([json, ['Transfer-Encoding', 'chunked']]))
    await vi.waitFor(() => expect(received).toContain('UNAUTHENTICATED'), { timeout: 60_000 })
    const closed = once(socket, 'close')
    socket.write('ZZ\r\n')
    await closed
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401'])
  })

  it('that cannot be read gets no answer in the middle of another one', async () => {
    const socket = connectTo(story.app.url)
    const first = rawRequest([authorization, json, lengthOf(query)], query)
    socket.write(`${first}NO HTTP\r\n\r\n`)
    const bytes = (await text(socket)).match(/HTTP\/1\.1 \d+/g) ?? []
    // The first request is answered or not; nothing else comes on its connection.
    expect(bytes.filter((line) => !line.endsWith('200'))).toEqual([])
    expect(bytes.length).toBeLessThanOrEqual(1)
  })

  it('of one request is not taken for the next, where the first is refused with its body unread', async () => {
    const smuggled = rawRequest([authorization, json, lengthOf(query)], query)
    const socket = connectTo(story.app.url)
    socket.write(rawRequest([json, lengthOf(smuggled)], smuggled))
    expect((await readRawAnswer(socket)).status).toBe(401)
    socket.write(rawRequest([authorization, json, lengthOf(query)], query))
    const answer = await readRawAnswer(socket)
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('shop')])
  })
})

describe('what stands twice in a request', () => {
  it.each([
    ['Authorization', 401],
    ['Content-Type', 415],
  ])('%s is not the first of both', async (name, status) => {
    const first = name === 'Authorization' ? authorization : json
    const answer = await send([first])
    expect(answer.status).toBe(status)
  })

  it.each(['X-Request-Id', 'Traceparent', 'Origin', 'Cookie', 'User-Agent'])(
    '%s counts for nothing',
    async (name) => {
      const answer = await send([
        [name, 'a'],
        [name, 'b'],
      ])
      expect(answer.status).toBe(200)
      expect(valuesOf(answer, 'x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
    },
  )
})

describe('a client that waits for "100 Continue"', () => {
  const head = (headers: [string, string][]) =>
    rawRequest([...headers, json, lengthOf(query), ['Expect', '100-continue']])

  it('is told to go on once it is known who asks', async () => {
    const socket = connectTo(story.app.url)
    socket.write(head([authorization]))
    const [continued] = await once(socket, 'data')
    expect(String(continued)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write(query)
    expect((await readRawAnswer(socket)).status).toBe(200)
  })

  it.each([
    ['without a token', [] as [string, string][], 401],
    ['with a body in a coding', [['Content-Encoding', 'gzip']] as [string, string][], 415],
    ['that takes no media type that there is', [['Accept', 'text/html']] as [string, string][], 406],
  ])('%s is refused instead, and the connection ends', async (_what, headers, status) => {
    const socket = connectTo(story.app.url)
    socket.write(head(status === 401 ? headers : [authorization, ...headers]))
    const [first] = await once(socket, 'data')
    expect(String(first)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(String(first)).toMatch(/\r\nconnection: close\r\n/i)
    await once(socket, 'close')
  })

  it('is told so where it waits for something else', async () => {
    const answer = await exchange(
      story.app.url,
      rawRequest([authorization, json, lengthOf(query), ['Expect', 'a miracle']], query),
    )
    expect([answer.status, codeIn(answer)]).toEqual([417, 'BAD_REQUEST'])
    expect(valuesOf(answer, 'x-request-id')).toHaveLength(1)
  })
})
