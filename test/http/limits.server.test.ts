import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settings } from '../../src/config.ts'
import { headerBytesMax } from '../../src/server/http/listener.ts'
import { bodyBytesMax, bodyTokensMax } from '../../src/server/http/receive-body.ts'
import {
  type Answer,
  base64,
  endStory,
  type Person,
  readAnswer,
  type Story,
  startStory,
} from '../support/story.ts'
import { startGatedServer } from './gated-server.ts'
import { exchange, rawRequest } from './raw-request.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/limits.md'), 'utf8')
/** What each limit answers, by its name, as the guide says. */
const answers = new Map(
  [...guide.matchAll(/^\| (.+?) \| .+? \| .+? \| `(.+)` \|$/gm)].map(([, name = '', says = '']) => [
    name,
    says,
  ]),
)
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }

const times = (count: number, fieldOf: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => fieldOf(n)).join(' ')
/** Two fields, and three for each turn. */
const deep = (turns: number) =>
  `{ userKeys(first: 1) { nodes ${'{ versions(first: 1) { nodes { key '.repeat(turns)}{ id }${' } } }'.repeat(turns)} } }`
const viewers = (count: number) => `{ ${times(count, (n) => `a${n}: viewer { projectId }`)} }`
const aliases = (count: number) => times(count, (n) => `a${n.toString(36)}:roles`)
const manyFields = (count: number) =>
  `{ ${times(count, (n) => `v${n}: viewer { ...F }`)} } fragment F on Viewer { ${aliases(99)} }`
const pages = (first: number) =>
  `{ userKeys(first: ${first}) { nodes { versions(first: ${first}) { nodes { number versionStatus } } } } }`
const counts = (count: number) =>
  `{ userKeys { nodes { ${times(count, (n) => `a${n}: versions { totalCount }`)} } } }`
const impacts = (count: number) =>
  `{ ${times(count, (n) => `a${n}: destroyImpact(version: { id: "x" }) { verdict }`)} }`
const randoms = (count: number) =>
  `mutation { ${times(count, (n) => `a${n}: generateRandom(input: { lengthBytes: 1 }) { __typename }`)} }`
const randomBytes = (count: number) =>
  `mutation { generateRandom(input: { lengthBytes: 1 }) { ... on GenerateRandomPayload { ${times(count, (n) => `a${n}: bytes`)} } } }`
const encrypt = `mutation($input: EncryptInput!) { encrypt(input: $input) { ... on UserError { message } } }`
const encryptBatch = `mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { ... on UserError { message } } }`
const create = `mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on UserError { message } } }`
const bytes = (count: number) => base64(new Uint8Array(count))

/** One request below each limit or at it, and one above: a document and its variables. */
const cases: Record<string, { at: [string, object?]; beyond: [string, object?] }> = {
  'Characters of a document': {
    at: [viewers(1).padEnd(20_000, '#')],
    beyond: [viewers(1).padEnd(20_001, '#')],
  },
  'Tokens of a document': {
    at: [`{ viewer { ${aliases(1331)} } }`],
    beyond: [`{ viewer { ${aliases(1332)} } }`],
  },
  'Fields inside fields': { at: [deep(4)], beyond: [deep(5)] },
  'Fields of a document': { at: [manyFields(20)], beyond: [manyFields(21)] },
  'Comparisons of repeated fields': {
    at: [`{ viewer { ${'roles '.repeat(600)} } }`],
    beyond: [`{ viewer { ${'roles '.repeat(1100)} } }`],
  },
  'Values of an answer': { at: [pages(128)], beyond: [pages(129)] },
  'Top-level fields of a query': { at: [viewers(50)], beyond: [viewers(51)] },
  'Mutations in a document': { at: [randoms(20)], beyond: [randoms(21)] },
  'Counts (`totalCount`)': { at: [counts(50)], beyond: [counts(51)] },
  'Fields that ask the database much': { at: [impacts(20)], beyond: [impacts(21)] },
  'Fields of bytes': { at: [randomBytes(60)], beyond: [randomBytes(61)] },
  'Lists inside lists of an introspection': {
    at: ['{ __schema { types { fields { name } } } }'],
    beyond: ['{ __schema { types { fields { type { possibleTypes { fields { name } } } } } } }'],
  },
  'Items of a page (`first`, `last`)': {
    at: ['query($n: Int) { userKeys(first: $n) { totalCount } }', { n: 200 }],
    beyond: ['query($n: Int) { userKeys(first: $n) { totalCount } }', { n: 201 }],
  },
  'IDs of `nodes`': {
    at: ['query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(100).fill('x') }],
    beyond: ['query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(101).fill('x') }],
  },
  'Representations of `_entities`': {
    at: entities(1000),
    beyond: entities(1001),
  },
  'Characters of values in representations': { at: longValues(2796), beyond: longValues(2800) },
  'Items of a batch': { at: batch(500, 1), beyond: batch(501, 1) },
  'Bytes of a batch': { at: batch(16, 65_536), beyond: batch(17, 65_536) },
  'Bytes of an item': {
    at: [encrypt, { input: { key: 'KEY', plaintext: bytes(65_536) } }],
    beyond: [encrypt, { input: { key: 'KEY', plaintext: bytes(65_537) } }],
  },
  'Subjects of a key': { at: allowed(1000), beyond: allowed(1001) },
}

function entities(count: number): [string, object] {
  const representations = Array(count).fill({ __typename: 'UserKey', id: 'x' })
  return ['query($r: [_Any!]!) { _entities(representations: $r) { __typename } }', { r: representations }]
}

/** One long value a thousand times. */
function longValues(length: number): [string, object] {
  const one = { __typename: 'EncryptedValue', ciphertext: 'A'.repeat(length) }
  return [
    `query($one: _Any!) { _entities(representations: [${'$one '.repeat(1000)}]) { __typename } }`,
    { one },
  ]
}

function batch(count: number, size: number): [string, object] {
  return [encryptBatch, { input: { items: Array(count).fill({ key: 'x', plaintext: bytes(size) }) } }]
}

function allowed(count: number): [string, object] {
  const allowedSubjects = Array.from({ length: count }, (_, n) => `user:u${n}`)
  return [create, { input: { name: `k${count}`, accessControl: { enabled: true, allowedSubjects } } }]
}

describe('a request', () => {
  let story: Story
  let keyId: string
  beforeAll(async () => {
    story = await startStory()
    const { userKey } = await story.as(admin).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    keyId = userKey.id
  })
  afterAll(() => endStory(story))

  function send([document, variables = {}]: [string, object?]): Promise<Answer> {
    return story.as(admin).send(document, JSON.parse(JSON.stringify(variables).replaceAll('KEY', keyId)))
  }

  async function post(headers: Record<string, string>, body: string): Promise<Answer> {
    const all = { 'content-type': 'application/json', ...headers }
    return readAnswer(await fetch(`${story.app.url}/graphql`, { method: 'POST', headers: all, body }))
  }

  it.each(Object.entries(cases))(
    '%s: is answered up to the limit, and told of it beyond',
    async (name, given) => {
      const says = answers.get(name)
      if (says === undefined) throw new Error('docs/limits.md has no such limit')
      const { errors, data } = await send(given.at)
      expect(errors).toEqual([])
      expect(JSON.stringify(data)).not.toContain('"message":')
      expect((await send(given.beyond)).text).toContain(says)
    },
  )

  it('is judged by its own variables, whoever sent the same document before', async () => {
    const representations = (count: number) => entities(count)[1]
    const document =
      'query($r: [_Any!]!, $n: Int) { _entities(representations: $r) { ... on UserKey { versions(first: $n) { nodes { id } } } } }'
    const other = story.as({ name: 'eve' })
    for (const round of [1, 2]) {
      const fine = await story.as(admin).send(document, { ...representations(2), n: 50 })
      expect(fine.errors, `round ${round}`).toEqual([])
      const large = await story.as(admin).send(document, { ...representations(1000), n: 50 })
      expect(large.text).toContain(answers.get('Values of an answer'))
      const foreign = await other.send(document, { ...representations(2), n: 50 })
      expect(foreign.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    }
  })

  it('of a larger body is told of the limit before the whole of it is read', async () => {
    const bytesMax = bodyBytesMax(story.config)
    const authorization = `Bearer ${await story.tokenFor(admin)}`
    const bodyOf = (size: number) => '{"query":"{ viewer { roles } }"}'.padEnd(size)
    expect(await post({ authorization }, bodyOf(bytesMax))).toMatchObject({ status: 200, errors: [] })
    expect(await post({ authorization }, bodyOf(bytesMax + 1))).toMatchObject({
      status: 413,
      errors: [{ message: answers.get('Bytes of a body') }],
    })
  })

  it('of a body with more JSON tokens is told of the limit', async () => {
    const tokensMax = bodyTokensMax(story.config)
    const authorization = `Bearer ${await story.tokenFor(admin)}`
    // One token for the list and for each item, and one for each comma between two.
    const bodyOf = (items: number) =>
      JSON.stringify({ query: '{ viewer { roles } }', variables: { unused: Array(items).fill('') } })
    expect(await post({ authorization }, bodyOf(tokensMax / 2 - 20))).toMatchObject({
      status: 200,
      errors: [],
    })
    expect(await post({ authorization }, bodyOf(tokensMax / 2))).toMatchObject({
      status: 413,
      errors: [{ message: answers.get('JSON tokens of a body') }],
    })
  })

  it('with a longer token is told of the limit', async () => {
    const token = await story.tokenFor(admin)
    const tokenOf = (length: number) => `Bearer ${token.padEnd(length, 'A')}`
    const at = await post({ authorization: tokenOf(12_288) }, '{}')
    const beyond = await post({ authorization: tokenOf(12_289) }, '{}')
    expect([at.status, beyond.status]).toEqual([401, 401])
    expect(at.text).not.toContain('longer')
    expect(beyond.text).toContain(answers.get('Characters of a token'))
  })

  it('with more bytes of headers is refused by HTTP', async () => {
    const withLong = (bytes: number) =>
      rawRequest([
        ['Content-Type', 'application/json'],
        ['X-Long', 'x'.repeat(bytes)],
      ])
    const fits = await exchange(story.app.url, withLong(headerBytesMax - 1000))
    expect(fits.status).toBe(401)
    const refused = await exchange(story.app.url, withLong(headerBytesMax))
    expect(refused.status).toBe(431)
    expect(JSON.parse(refused.body)).toEqual({
      errors: [{ message: answers.get('Bytes of all headers'), extensions: { code: 'PAYLOAD_TOO_LARGE' } }],
    })
    expect(guide).toContain(`| Bytes of all headers | ${headerBytesMax} |`)
  })

  it('that takes longer is told of the limit', async () => {
    const gated = await startGatedServer({ REQUEST_TIMEOUT_MS: '100' })
    const refused = await readAnswer(await gated.work('long'))
    const says = answers.get('Milliseconds of a request') ?? ''
    expect(refused).toMatchObject({
      status: 503,
      errors: [{ message: says.replace(settings.REQUEST_TIMEOUT_MS.default, '100') }],
    })
  })

  it('whose body takes longer is told of the limit', async () => {
    const gated = await startGatedServer({ REQUEST_TIMEOUT_MS: '100' })
    const headers = [
      ['Authorization', 'Bearer ann'],
      ['Content-Type', 'application/json'],
      ['Content-Length', '2'],
    ] as const
    const refused = await exchange(gated.url, rawRequest(headers, '{'))
    const says = answers.get('Milliseconds of a body') ?? ''
    expect([refused.status, JSON.parse(refused.body).errors[0].message]).toEqual([
      408,
      says.replace(settings.REQUEST_TIMEOUT_MS.default, '100'),
    ])
  })

  it.each([1, 4])(
    'with a long list of bad entries is told of the first, under %i aliases',
    async (aliasCount) => {
      const fields = times(
        aliasCount,
        (n) =>
          `a${n}: createUserKey(input: $input) { ... on InputValidationError { message issues { path message } } }`,
      )
      const allowedSubjects = Array(1000).fill('nobody')
      const { data, text } = await send([
        `mutation($input: CreateUserKeyInput!) { ${fields} }`,
        { input: { name: 'x', accessControl: { enabled: true, allowedSubjects } } },
      ])
      for (const { message, issues } of Object.values<{ message: string; issues: object[] }>(data)) {
        expect(issues).toHaveLength(20)
        expect(message).toContain(answers.get('Issues that one error lists'))
      }
      expect(text.length).toBeLessThan(10_000 * aliasCount)
    },
  )

  it('that fails in very many places is told of the first, and of how many more there are', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `many-${n}`)
    await Promise.all(names.map((name) => story.as(admin).mutate('createUserKey', { name })))
    const fields = times(20, (n) => `a${n}: versions(first: -1) { totalCount }`)
    // The first time, and as a document that is known.
    for (const _ of [1, 2]) {
      const { errors } = await send([`{ userKeys(filter: { namePrefix: "many-" }) { nodes { ${fields} } } }`])
      expect(errors).toHaveLength(101)
      expect(errors.at(-1)).toMatchObject({
        message: expect.stringMatching(/first must be 0 to 200\. There are 139 more errors\.$/),
        path: ['userKeys', 'nodes', expect.any(Number), expect.any(String)],
        extensions: { code: 'INPUT_VALIDATION' },
      })
    }
  })

  it('with mistakes is told of the first hundred', async () => {
    const { errors } = await send([`{ ${times(101, (n) => `wrong${n}`)} }`])
    expect(errors).toHaveLength(101)
    expect(errors.at(-1)?.message).toBe(answers.get('Mistakes that are told'))
  })
})

describe('docs/limits.md', () => {
  it('has every limit that is tested here, and no other', () => {
    const others = [
      'Bytes of a body',
      'JSON tokens of a body',
      'Characters of a token',
      'Bytes of all headers',
      'Milliseconds of a request',
      'Milliseconds of a body',
      'Mistakes that are told',
      'Issues that one error lists',
    ]
    expect([...answers.keys()].toSorted()).toEqual([...Object.keys(cases), ...others].toSorted())
  })

  it('has the defaults of the settings that it names', () => {
    const rows = [...guide.matchAll(/^\| .+? \| ([\d,]+) \| `([A-Z_]+)` \|/gm)]
    expect(rows.length).toBeGreaterThan(8)
    for (const [row, given = '', name = ''] of rows) {
      expect(settings[name as keyof typeof settings]?.default, row).toBe(given.replaceAll(',', ''))
    }
  })
})
