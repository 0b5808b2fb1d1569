import { Session } from 'node:inspector/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

/** The least role: bodies of callers without any are hardly read. */
const viewer: Person = { name: 'eve', roles: ['KMS_VIEWER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }

type Request = readonly [document: string, variables?: object]

const repeat = <Item>(count: number, itemOf: (n: number) => Item): Item[] =>
  Array.from({ length: count }, (_, n) => itemOf(n))
const userKeys = 'query($f: UserKeyFilter) { userKeys(filter: $f) { totalCount } }'
const create =
  'mutation($i: CreateUserKeyInput!) { createUserKey(input: $i) { ... on UserError { message } } }'
const encrypt = 'mutation($i: EncryptInput!) { encrypt(input: $i) { ... on UserError { message } } }'
const encryptBatch =
  'mutation($i: EncryptBatchInput!) { encryptBatch(input: $i) { ... on UserError { message } } }'
const entities = 'query($r: [_Any!]!) { _entities(representations: $r) { __typename } }'
const by = 'query($by: ServiceKeyBy!) { serviceKey(by: $by) { id } }'
const userKey = 'query($key: KeyRef!) { userKey(key: $key) { id } }'

/** Inputs of a size. What grows is data, but for documents, whose size is limited: those are smaller. */
const data: Readonly<Record<string, (size: number) => Request>> = {
  'a long text for a number': (size) => [
    'query($f: Int) { userKeys(first: $f) { totalCount } }',
    { f: 'A'.repeat(size) },
  ],
  'a text that looks like the place of a mistake': (size) => [
    'query($f: Int) { userKeys(first: $f) { totalCount } }',
    { f: '" at "f"; '.repeat(size / 10) },
  ],
  'unknown fields': (size) => [
    userKeys,
    { f: Object.fromEntries(repeat(size / 40, (n) => [`unknown${n}`, 1])) },
  ],
  'an unknown field with a long name': (size) => [userKeys, { f: { ['a'.repeat(size)]: 1 } }],
  'a list of wrong entries in a filter': (size) => [
    userKeys,
    { f: { algorithm: Array(size / 25).fill('WRONG') } },
  ],
  'a value of an enum that is long': (size) => [userKeys, { f: { status: 'A'.repeat(size) } }],
  'bad entries of an access list': (size) => [
    create,
    { i: { name: 'a', accessControl: { enabled: true, allowedSubjects: Array(size / 20).fill('nobody') } } },
  ],
  'items of a batch, all wrong': (size) => [
    encryptBatch,
    { i: { items: Array(size / 50).fill({ unknownField: 1 }) } },
  ],
  'items of a batch, the last one wrong': (size) => [
    encryptBatch,
    { i: { items: [...Array(400).fill({ key: 'x', plaintext: 'AAAA'.repeat(size / 2000) }), 1] } },
  ],
  representations: (size) => [entities, { r: Array(size / 25).fill({}) }],
  'lists in lists': (size) => [
    by,
    { by: { key: JSON.parse('['.repeat(size / 100) + ']'.repeat(size / 100)) } },
  ],
  'base64 that ends wrong': (size) => [encrypt, { i: { key: 'x', plaintext: `${'A'.repeat(size)}!` } }],
  'base64 of padding': (size) => [encrypt, { i: { key: 'x', plaintext: `A${'='.repeat(size)}A` } }],
  'base64 with padding everywhere': (size) => [
    encrypt,
    { i: { key: 'x', plaintext: 'A='.repeat(size / 2) } },
  ],
  'a long time': (size) => [userKeys, { f: { createdAfter: `2026-01-01T00:00:00.${'0'.repeat(size)}Z` } }],
  'a long ID': (size) => [userKey, { key: `ukey_${'0'.repeat(size)}` }],
  'a long name': (size) => [userKey, { key: 'a'.repeat(size) }],
  'a long prefix': (size) => [userKeys, { f: { namePrefix: 'a'.repeat(size) } }],
  'a long subject': (size) => [userKeys, { f: { createdBy: `user:${'a'.repeat(size)}` } }],
  'a long cursor': (size) => [
    'query($c: String) { userKeys(after: $c) { totalCount } }',
    { c: 'A'.repeat(size) },
  ],
  'a long description': (size) => [create, { i: { name: 'a', description: 'ü'.repeat(size / 2) } }],
  'spaces in a document': (size) => [`{ viewer { projectId } }${' '.repeat(size)}`],
}

/** Documents, of at most 4,000 tokens. */
const documents: Readonly<Record<string, (tokens: number) => Request>> = {
  'unknown fields of a document': (tokens) => [`{ ${repeat(tokens, (n) => `wrong${n}`).join(' ')} }`],
  'a field with a long name': (tokens) => [`{ ${'a'.repeat(tokens * 4)} }`],
  'unknown arguments': (tokens) => [
    `{ viewer(${repeat(tokens / 4, (n) => `a${n}: 1`).join(' ')}) { projectId } }`,
  ],
  'one argument many times': (tokens) => [`{ node(${'id: 1 '.repeat(tokens / 4)}) { id } }`],
  'fields of a subscription': (tokens) => [
    `subscription { ${repeat(tokens / 4, (n) => `a${n}: b`).join(' ')} }`,
  ],
  'unknown fields of a literal': (tokens) => [
    `{ userKeys(filter: { ${repeat(tokens / 4, (n) => `a${n}: 1`).join(' ')} }) { totalCount } }`,
  ],
  'a literal that is long': (tokens) => [`{ userKeys(first: "${'A'.repeat(tokens * 4)}") { totalCount } }`],
  'variables that are not used': (tokens) => [
    `query(${repeat(tokens / 5, (n) => `$a${n}: Int`).join(' ')}) { viewer { projectId } }`,
  ],
  'variables that are not defined': (tokens) => [
    `{ ${repeat(tokens / 10, (n) => `a${n}: node(id: $b${n}) { id }`).join(' ')} }`,
  ],
  directives: (tokens) => [`{ viewer { projectId ${'@skip(if: true) '.repeat(tokens / 7)} } }`],
  'unknown directives': (tokens) => [
    `{ viewer { projectId ${repeat(tokens / 4, (n) => `@a${n}`).join(' ')} } }`,
  ],
  'fragments that are not used': (tokens) => [
    `{ viewer { projectId } } ${repeat(tokens / 8, (n) => `fragment F${n} on Viewer { roles }`).join(' ')}`,
  ],
  'fragments in a chain': (tokens) => [
    `{ viewer { ...F0 } } ${repeat(tokens / 10, (n) => `fragment F${n} on Viewer { ...F${n + 1} }`).join(' ')} fragment F${Math.floor(tokens / 10)} on Viewer { roles }`,
  ],
  'operations without a name': (tokens) => ['{ viewer { projectId } } '.repeat(tokens / 6)],
  'what cannot be read': (tokens) => [`{ ${'a '.repeat(tokens - 10)}`],
}

/** Fields that fail, each behind many lines: so do those of each of the keys. */
const failures = (fields: number): Request => [
  `{ userKeys { nodes { ${repeat(fields, (n) => `${'\n'.repeat(60)}a${n}: versions(first: -1) { pageInfo { hasNextPage } }`).join('')} } } }`,
]

/**
 * Steps that the JavaScript of the server takes for a request: how often each block of code was run, as V8 counts them.
 * What V8 does by itself takes time in proportion to what it reads; of regular expressions the checker shows it.
 */
async function countSteps(run: () => Promise<void>): Promise<number> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    await run()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    await session.post('Profiler.stopPreciseCoverage')
    return result
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
      .reduce((sum, { count }) => sum + count, 0)
  } finally {
    session.disconnect()
  }
}

describe('a request of twice the size', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory({ RATE_LIMIT_UNITS: '1000000000' })
    const names = repeat(20, (n) => `key-${n}`)
    await Promise.all(names.map((name) => story.as(admin).mutate('createUserKey', { name })))
  })
  afterAll(() => endStory(story))

  async function stepsFor(person: Person, [document, variables = {}]: Request): Promise<number> {
    const client = story.as(person)
    // What is remembered for the next time is not counted, and what runs for the first time is compiled.
    await client.send(document, variables)
    const send = async () => {
      const { errors, text } = await client.send(document, variables)
      const codes = errors.map(({ extensions }) => extensions.code)
      // A larger body would be refused unread.
      for (const code of ['INTERNAL', 'PAYLOAD_TOO_LARGE']) expect(codes).not.toContain(code)
      expect(text.length).toBeLessThan(100_000)
    }
    return countSteps(send)
  }

  async function expectDoubled(person: Person, requestOf: (size: number) => Request, size: number) {
    let one = Number.POSITIVE_INFINITY
    let two = Number.POSITIVE_INFINITY
    // Timers of the server run meanwhile, more of them on a busy machine: what counts is the least of several times.
    for (let times = 0; times < 6; times++) {
      one = Math.min(one, await stepsFor(person, requestOf(size)))
      two = Math.min(two, await stepsFor(person, requestOf(size * 2)))
      // Whatever does not depend on the size is in both, and what else the process does in either.
      if (times > 0 && two < one * 2.2 + 20_000) return
    }
    expect.fail(`${one} steps, then ${two} for twice the size`)
  }

  it.each(Object.entries(data))('takes at most twice the steps: %s', async (_what, requestOf) => {
    await expectDoubled(viewer, requestOf, 100_000)
    await expectDoubled(admin, requestOf, 100_000)
  })

  it.each(Object.entries(documents))('takes at most twice the steps: %s', async (_what, requestOf) => {
    await expectDoubled(viewer, requestOf, 1800)
  })

  it('takes at most twice the steps where hundreds of fields fail, and finds the lines of those that are told', async () => {
    await expectDoubled(admin, failures, 40)
    const [document] = failures(80)
    const linesBefore = (document.match(/\n/g) ?? []).length
    const { exec } = RegExp.prototype
    onTestFinished(() => {
      RegExp.prototype.exec = exec
    })
    // How graphql-js goes from line to line.
    let lines = 0
    RegExp.prototype.exec = function (text) {
      if (this.source === '\\r\\n|[\\n\\r]') lines += 1
      return exec.call(this, text)
    }
    const { errors } = await story.as(admin).send(document)
    expect(errors).toHaveLength(101)
    expect(errors.at(-1)?.message).toContain('There are 1,499 more errors.')
    expect(lines).toBeGreaterThan(0)
    expect(lines).toBeLessThanOrEqual(linesBefore * 102)
  })

  it('of 150,000 unknown fields is refused without being parsed', async () => {
    const unknown = Object.fromEntries(repeat(150_000, (n) => [`u${n}`, 1]))
    const { status, errors } = await story.as(viewer).send(userKeys, { f: unknown })
    expect(status).toBe(413)
    expect(errors).toMatchObject([
      {
        message:
          'The body has more than 25000 JSON tokens: names, strings, and characters that begin or separate values. Send smaller batches.',
        extensions: { code: 'PAYLOAD_TOO_LARGE' },
      },
    ])
  })

  it('of 6,000 unknown fields is refused for the first of them', async () => {
    const unknown = Object.fromEntries(repeat(6000, (n) => [`u${n}`, 1]))
    const { status, text } = await story.as(viewer).send(userKeys, { f: unknown })
    expect(status).toBe(400)
    expect(JSON.parse(text)).toEqual({
      errors: [
        {
          message: expect.stringMatching(
            /^Unknown field "u0" of type UserKeyFilter\. Its fields are search, [\w, ]+ \(at "f"\)\.$/,
          ),
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    })
  })
})
