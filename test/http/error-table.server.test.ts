import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ErrorKind, errorTable, type Treatment } from '../../src/server/answer.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'
import { startGatedServer } from './gated-server.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const poor: Person = { name: 'poor', roles: ['PROJECT_MEMBER'] }
const short: Person = { name: 'short', roles: ['PROJECT_MEMBER'] }
const nobody: Person = { name: 'nobody' }

const json = 'application/json'
const graphql = 'application/graphql-response+json'
const stream = 'text/event-stream'

/** Accept headers of each column of the table. */
const columns: Readonly<
  Record<'json' | 'graphqlResponse' | 'eventStream' | 'none', readonly (string | null)[]>
> = {
  json: [null, '*/*', 'application/*', json, `${json}; charset=utf-8`, `${json}, */*;q=0.1`],
  graphqlResponse: [graphql, `${graphql}, ${json};q=0.9`],
  eventStream: [stream, `${stream}, ${json};q=0.5`],
  none: ['multipart/mixed', 'text/html'],
}

/** A request that fails, with the status of its error. */
interface Failing {
  readonly status: number
  readonly code: string
  readonly method?: string
  readonly path?: string
  readonly person?: Person | null
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const encrypt = (plaintext: string) =>
  `mutation { encrypt(input: { key: "ukey_00000000000000000000000000", plaintext: ${plaintext} }) { __typename } }`
const encryptVariable = 'mutation($p: Base64!) { encrypt(input: { key: "x", plaintext: $p }) { __typename } }'
const created = (at: string) => `{ userKeys(filter: { createdAfter: ${at} }) { totalCount } }`
const createdVariable = 'query($at: DateTime) { userKeys(filter: { createdAfter: $at }) { totalCount } }'
const bad = 'BAD_REQUEST'
/** A query of so many units. */
const names = (count: number) =>
  `{ ${Array.from({ length: count }, (_, n) => `a${n}: __typename`).join(' ')} }`

const failing: Readonly<
  Record<Exclude<ErrorKind, 'server' | 'subscription'>, Readonly<Record<string, Failing>>>
> = {
  exchange: {
    'another path': { status: 404, code: bad, path: '/other', body: {} },
    'another method': { status: 405, code: bad, method: 'GET' },
    'another content type': { status: 415, code: bad, headers: { 'content-type': 'text/plain' }, body: {} },
    'a content coding': { status: 415, code: bad, headers: { 'content-encoding': 'gzip' }, body: {} },
  },
  caller: {
    'no token': { status: 401, code: 'UNAUTHENTICATED', person: null, body: {} },
    'a bad token': {
      status: 401,
      code: 'UNAUTHENTICATED',
      person: null,
      headers: { authorization: 'Bearer x' },
      body: {},
    },
    'too long a body': { status: 413, code: 'PAYLOAD_TOO_LARGE', body: { query: 'x'.repeat(3_000_000) } },
    'too many tokens in the body': { status: 413, code: 'PAYLOAD_TOO_LARGE', body: Array(30_000).fill(1) },
    'too long a body without a role': {
      status: 403,
      code: 'FORBIDDEN',
      person: nobody,
      body: { query: 'x'.repeat(100_000) },
    },
    'a rate limit': { status: 429, code: 'RATE_LIMITED', person: poor, body: { query: names(1) } },
    'more units than are left': {
      status: 429,
      code: 'RATE_LIMITED',
      person: short,
      body: { query: names(50) },
    },
  },
  body: {
    'no JSON': { status: 400, code: bad, body: '{' },
    'a list': { status: 400, code: bad, body: [{ query: '{ __typename }' }] },
    'no document': { status: 400, code: bad, body: {} },
    'a document that is no string': { status: 400, code: bad, body: { query: 1 } },
    'variables that are a string': {
      status: 400,
      code: bad,
      body: { query: '{ __typename }', variables: '{}' },
    },
    'an unknown parameter': { status: 400, code: bad, body: { query: '{ __typename }', other: 1 } },
  },
  document: {
    'no GraphQL': { status: 400, code: bad, body: { query: '{' } },
    'an unknown field': { status: 400, code: bad, body: { query: '{ nothing }' } },
    'an unknown operation name': {
      status: 400,
      code: bad,
      body: { query: 'query A { __typename }', operationName: 'B' },
    },
    'an empty operation name': {
      status: 400,
      code: bad,
      body: { query: 'query A { __typename }', operationName: '' },
    },
    'too long a document': {
      status: 400,
      code: bad,
      body: { query: `{ __typename } # ${'x'.repeat(20_000)}` },
    },
    'too many tokens': { status: 400, code: bad, body: { query: `{ viewer { ${'kind '.repeat(4000)} } }` } },
    'too many fields': {
      status: 400,
      code: bad,
      body: { query: names(51) },
    },
    'too many values': {
      status: 400,
      code: bad,
      body: {
        query:
          '{ userKeys(first: 200) { nodes { versions(first: 200) { nodes { number versionStatus createdAt } } } } }',
      },
    },
    'bad base64 in a literal': { status: 400, code: 'BAD_USER_INPUT', body: { query: encrypt('"é"') } },
    'bad base64 in a variable': {
      status: 400,
      code: 'BAD_USER_INPUT',
      body: { query: encryptVariable, variables: { p: 'é' } },
    },
    'a bad DateTime in a literal': {
      status: 400,
      code: 'BAD_USER_INPUT',
      body: { query: created('"never"') },
    },
    'a bad DateTime in a variable': {
      status: 400,
      code: 'BAD_USER_INPUT',
      body: { query: createdVariable, variables: { at: 'never' } },
    },
    'too long a list in a literal': {
      status: 400,
      code: 'INPUT_VALIDATION',
      body: { query: `{ nodes(ids: [${'"x" '.repeat(101)}]) { id } }` },
    },
    'too long a list in a variable': {
      status: 400,
      code: 'INPUT_VALIDATION',
      body: {
        query: 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }',
        variables: { ids: Array(101).fill('x') },
      },
    },
    'a document by its hash': {
      status: 400,
      code: 'PERSISTED_QUERY_NOT_SUPPORTED',
      body: { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } },
    },
  },
  field: {
    'a page that is too large': {
      status: 200,
      code: 'INPUT_VALIDATION',
      body: { query: 'query($n: Int) { userKeys(first: $n) { totalCount } }', variables: { n: 1000 } },
    },
  },
}

/** What a client of a column is answered. */
interface Expected {
  readonly status: number
  readonly mediaType: string
}

function expected(treatment: Treatment, status: number, mediaType: string): Expected {
  if (treatment === 'event') return { status: 200, mediaType: stream }
  if (treatment === 'not acceptable') return { status: 406, mediaType: json }
  return { status: treatment === 'ok' ? 200 : status, mediaType }
}

const columnTypes = { json, graphqlResponse: graphql, eventStream: json, none: json } as const
const cells = Object.entries(columns).flatMap(([column, accepts]) =>
  accepts.map((accept) => [column as keyof typeof columns, accept] as const),
)

/** The errors of a body, as JSON or as the only event of a stream. */
function errorsIn(
  body: string,
  mediaType: string,
): readonly { extensions: { code: string }; message: string }[] {
  if (mediaType !== stream) return JSON.parse(body).errors
  const [, data] = /^event: next\ndata: (.*)\n\n(?::\n\n)*event: complete\ndata:\n\n$/.exec(body) ?? []
  return JSON.parse(data ?? `no event: ${body}`).errors
}

async function expectAnswer(
  response: Response,
  { status, mediaType, code }: Expected & { readonly code: string },
): Promise<void> {
  const body = await response.text()
  const type = response.headers.get('content-type')?.split(';')[0]
  expect({ status: response.status, type }).toEqual({ status, type: mediaType })
  const [error] = errorsIn(body, mediaType)
  expect(error?.extensions.code).toBe(status === 406 ? bad : code)
  expect(error?.message).toMatch(/./)
}

describe.skipIf(hasNoDatabase())('an error', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory({
      RATE_LIMIT_UNITS: '1000',
      RATE_LIMIT_WINDOW_SECONDS: '86400',
      SUBSCRIPTIONS_PER_CALLER_MAX: '5',
    })
    for (let count = 0; count < 20; count++) await story.as(poor).send(names(50))
    for (let count = 0; count < 19; count++) await story.as(short).send(names(50))
    await story.as(short).send(names(10))
  })
  afterAll(() => endStory(story))

  async function send(accept: string | null, asked: Failing): Promise<Response> {
    const { method = 'POST', path = '/graphql', person = member, headers, body } = asked
    return fetch(`${story.app.url}${path}`, {
      method,
      headers: {
        'content-type': json,
        ...(person !== null && { authorization: `Bearer ${await story.tokenFor(person)}` }),
        // Node sends one by itself, and nothing else for an empty one.
        accept: accept ?? '',
        ...headers,
      },
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  }

  const kinds = Object.entries(failing).map(
    ([kind, requests]) => [kind as keyof typeof failing, requests] as const,
  )
  describe.each(kinds)('about %s', (kind, requests) => {
    it.each(Object.keys(requests))('such as %s has the status and media type of the table', async (name) => {
      const asked = requests[name] as Failing
      for (const [column, accept] of cells) {
        const cell = expected(errorTable[kind][column], asked.status, columnTypes[column])
        expect(errorTable[kind].statuses, name).toContain(asked.status)
        await expectAnswer(await send(accept, asked), { ...cell, code: asked.code })
      }
    })
  })

  it('about a subscription that no stream is taken for has the status and media type of the table', async () => {
    const body = { query: 'subscription { userKeysChanged { at } }' }
    for (const [column, accept] of cells) {
      if (column === 'eventStream' || accept?.includes(stream)) continue
      const cell = expected(errorTable.subscription[column], 406, columnTypes[column])
      await expectAnswer(await send(accept, { status: 406, code: bad, body }), { ...cell, code: bad })
    }
  })

  it('of a client that sends no Accept header at all is plain JSON', async () => {
    const { hostname, port } = new URL(story.app.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
    )
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).toMatch(/content-type: application\/json; charset=utf-8/i)
  })
})

describe('an error about the server', () => {
  it.each(cells)('has the status and media type of the table: %s, %s', async (column, accept) => {
    const { post, work, finish } = await startGatedServer({
      REQUESTS_UNDER_WAY_MAX: '1',
      REQUESTS_WAITING_MAX: '0',
    })
    const running = work('slow')
    const headers = { authorization: 'Bearer ann', accept: accept ?? '' }
    const cell = expected(errorTable.server[column], 503, columnTypes[column])
    await expect
      .poll(async () => {
        const response = await post('{ __typename }', headers)
        const type = response.headers.get('content-type')?.split(';')[0]
        await response.text()
        return { status: response.status, mediaType: type }
      })
      .toEqual(cell)
    finish('slow')
    await running
  })
})
