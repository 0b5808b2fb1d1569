import { getOperationAST, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { documentLimitsRule, valueLimitOf } from '../../src/server/graphql/document-limits.ts'
import { createVariableReader } from '../../src/server/graphql/variables.ts'

const problemsOf = (document: string) =>
  validate(schema, parse(document), [documentLimitsRule]).map(({ message }) => message)

/** 3^60 spreads: measuring each anew would never end, so that this test would not either. */
const bomb = (leaf: string) =>
  Array.from({ length: 60 }, (_, n) => `fragment f${n + 1} on Mutation { ...f${n} ...f${n} ...f${n} }`).join(
    ' ',
  ) + leaf

describe('the limits of documents', () => {
  it.each([
    ['a cycle', 'fragment f0 on Mutation { ...f0 }'],
    ['a fragment that is not there', 'fragment f0 on Mutation { ...zz }'],
    ['a field', 'fragment f0 on Mutation { __typename }'],
  ])('hold for fragments inside fragments that end in %s', (_what, leaf) => {
    const problems = problemsOf(`mutation { ...f60 } ${bomb(leaf)}`)
    expect(problems.length > 0).toBe(!leaf.includes('zz'))
  })

  it('count what lists inside lists multiply to, however it is written', () => {
    const nested = (first: string) =>
      `query($n: Int) { userKey(key: "a") { versions(${first}) { nodes { key {
        versions(${first}) { nodes { key { versions(${first}) { nodes { number } } } } } } } } } }`
    const message = expect.stringContaining('more than 50000 values')
    for (const first of ['first: 60', 'last: 60']) expect(problemsOf(nested(first))).toContainEqual(message)
    for (const first of ['first: 5', 'last: 5', 'first: $n']) expect(problemsOf(nested(first))).toEqual([])
    const aliases = 'abcdefgh'.split('').map((alias) => `${alias}: versions { nodes { key { ...y } } }`)
    expect(
      problemsOf(`{ userKeys { nodes { ...x } } } fragment x on Key { ${aliases.join(' ')} }
        fragment y on Key { ${aliases.join(' ').replaceAll('...y', 'id')} }`),
    ).toContainEqual(message)
  })

  it.each(['allowedSubjects { id kind }', 'accessList { note expired }'])(
    'count access lists as lists, which a page may have a few times for each key, and not a hundred times: %s',
    (list) => {
      const page = (count: number) =>
        `{ userKeys(first: 200) { nodes { ... on UserKey { ${Array.from(
          { length: count },
          (_, n) => `a${n}: ${list}`,
        ).join(' ')} } } } }`
      expect(problemsOf(page(4))).toEqual([])
      expect(problemsOf(page(5))).toContainEqual(expect.stringContaining('more than 50000 values'))
    },
  )

  it('count fields of bytes wherever they are, so that no short request is answered at great length', () => {
    const encrypt = (count: number) =>
      `mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { ... on EncryptBatchPayload { results { result { ...x } } } } }
        fragment x on EncryptPayload { ${Array.from({ length: count }, (_, n) => `a${n}: ciphertext`).join(' ')} }`
    const message = 'The document has more than 60 fields of bytes. Select each once, not under aliases.'
    expect(problemsOf(encrypt(60))).toEqual([])
    expect(problemsOf(encrypt(61))).toEqual([message])
    const details = (count: number) =>
      `{ auditEvents(first: 200) { nodes { ${Array.from({ length: count }, (_, n) => `a${n}: details`).join(' ')} } } }`
    expect(problemsOf(details(12))).toEqual([])
    expect(problemsOf(details(13))).toEqual([message])
  })

  it('count what asks the database much, under aliases and in lists', () => {
    const many = (count: number, field: string) =>
      Array.from({ length: count }, (_, n) => `a${n}: ${field}`).join(' ')
    for (const much of [
      'destroyImpact(version: { id: "kver_1" }) { verdict }',
      'usageSeries(from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", interval: DAY) { interval }',
      'explainAccess(key: "ukey_1", subject: "user:x", operation: VIEW) { allowed }',
      'explainMyAccess(key: "ukey_1", operation: VIEW) { allowed }',
      'userKeyCounts(filter: { search: "a" }) { total }',
    ]) {
      expect(problemsOf(`{ ${many(20, much)} }`)).toEqual([])
      expect(problemsOf(`{ ${many(21, much)} }`)).toContainEqual(expect.stringContaining('more than 20 of'))
    }
    expect(problemsOf(`{ ${many(51, 'viewer { __typename }')} }`)).toContainEqual(
      expect.stringContaining('at most 50 top-level fields'),
    )
    const counting = (count: number) => `{ userKeys { nodes { ${many(count, 'versions { totalCount }')} } } }`
    expect(problemsOf(counting(50))).toEqual([])
    expect(problemsOf(counting(51))).toContainEqual(expect.stringContaining('more than 50 counts'))
  })

  it.each([
    ['a filter', '', '', (n: number) => `a${n}: userKeys(filter: { search: "a" }) { totalCount }`],
    [
      'a filter in a variable',
      '($f: UserKeyFilter)',
      '',
      (n: number) => `a${n}: userKeys(filter: $f, first: 1) { totalCount }`,
    ],
    [
      'fragments',
      '',
      'fragment list on Query { userKeys(filter: { search: "a" }) { ...count } } fragment count on UserKeyConnection { ... { n: totalCount } }',
      (n: number) => `... @include(if: ${n % 2 === 0}) { ...list }`,
    ],
    ['another list', '', '', (n: number) => `a${n}: auditEvents(filter: { keyId: "a" }) { totalCount }`],
    ['a list once', '', '', (n: number) => `userKeys(filter: { search: "a" }) { a${n}: totalCount }`],
  ])('count counts of lists as asking much where they have %s', (_what, variables, fragments, field) => {
    const counting = (count: number) =>
      `query${variables} { ${Array.from({ length: count }, (_, n) => field(n)).join(' ')} } ${fragments}`
    expect(problemsOf(counting(20))).toEqual([])
    expect(problemsOf(counting(21))).toEqual([
      expect.stringMatching(/more than 20 of the fields .*, and totalCount of a list with a filter\.$/),
    ])
  })

  it('count counts as asking much neither without a filter, nor those in lists that hang below one', () => {
    const counting = (field: string) =>
      `{ ${Array.from({ length: 50 }, (_, n) => `a${n}: ${field}`).join(' ')} }`
    for (const field of [
      'userKeys { totalCount }',
      'userKeys(filter: null) { totalCount }',
      'userKeys(filter: { search: "a" }, first: 1) { nodes { versions(first: 1) { totalCount } } }',
    ]) {
      expect(problemsOf(counting(field)), field).toEqual([])
    }
  })

  it('leave room for a console page: 200 keys with all their columns', () => {
    const columns = Array.from({ length: 40 }, (_, n) => `c${n}: name`).join(' ')
    expect(
      problemsOf(
        `{ userKeys(first: 200) { nodes { ${columns} versions(first: 20) { nodes { number versionStatus } } } } }`,
      ),
    ).toEqual([])
  })
})

const options = { itemsMaxOf: () => null, showsSchema: false }

/** Whether a valid document is refused for the values that it asks for with these variables. */
function isRefused(text: string, sent: Readonly<Record<string, unknown>> = {}): boolean {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const operation = getOperationAST(document)
  if (!operation) throw new Error('the document has no operation')
  const isBeyond = (message: string) => message.includes('more than 50000 values')
  if (problemsOf(text).some(isBeyond)) return true
  const variables = createVariableReader(schema, document, operation, options)(sent)
  try {
    valueLimitOf(schema, document, operation)?.(variables)
    return false
  } catch (error) {
    expect(isBeyond((error as Error).message)).toBe(true)
    return true
  }
}

describe('lists inside lists whose sizes are in variables', () => {
  const nested = (defaults = '') =>
    `query($keys: Int, $versions: Int${defaults}) { userKeys(first: $keys) { nodes { versions(last: $versions) { nodes { number versionStatus } } } } }`

  it('count by the values of these', () => {
    expect(isRefused(nested(), { keys: 128, versions: 128 })).toBe(false)
    expect(isRefused(nested(), { keys: 129, versions: 129 })).toBe(true)
    expect(isRefused(nested(), { keys: 2, versions: 200 })).toBe(false)
    expect(isRefused(nested(), { keys: 200, versions: 200 })).toBe(true)
  })

  it('count by the default of the variable where no value is given', () => {
    const withDefault = nested(' = 200')
    expect(isRefused(withDefault, { keys: 200 })).toBe(true)
    expect(isRefused(withDefault, { keys: 200, versions: 1 })).toBe(false)
  })

  it('count as pages of 20 where the variable is null or absent, also if it has a default', () => {
    for (const versions of [{}, { versions: null }]) {
      expect(isRefused(nested(), { keys: 200, ...versions })).toBe(false)
    }
    expect(isRefused(nested(' = 200'), { keys: 200, versions: null })).toBe(false)
    const thrice = `query($n: Int) { userKeys(first: 59) { nodes { versions(first: $n) { nodes {
      key { ... on UserKey { versions(first: null) { nodes { number } } } } } } } } }`
    expect(isRefused(thrice, { n: 19 })).toBe(false)
    expect(isRefused(thrice, { n: 20 })).toBe(true)
    expect(isRefused(thrice, { n: null })).toBe(true)
    expect(isRefused(thrice)).toBe(true)
  })

  it.each(['constructor', 'toString', '__proto__'])(
    'count as such pages where it is called %s, as what each object has',
    (name) => {
      const thrice = `query($${name}: Int) { userKeys(first: 59) { nodes { versions(first: $${name}) { nodes {
      key { ... on UserKey { versions(first: null) { nodes { number } } } } } } } } }`
      for (const sent of ['{}', `{"${name}":null}`, `{"${name}":20}`])
        expect(isRefused(thrice, JSON.parse(sent)), sent).toBe(true)
    },
  )

  it.each([0, -1, -(2 ** 31)])('count as at least one: %i does not take from others', (n) => {
    const text = `query($n: Int) { a: userKeys(first: $n) { nodes { versions(first: 200) { nodes { number } } } }
      b: userKeys(first: 129) { nodes { versions(first: 129) { nodes { number versionStatus } } } } }`
    expect(isRefused(text, { n })).toBe(true)
    expect(isRefused(text.replaceAll('129', '127'), { n })).toBe(false)
  })

  it('count as 200 beyond it, which the field refuses', () => {
    expect(isRefused(nested(), { keys: 2, versions: 2 ** 31 - 1 })).toBe(false)
    expect(isRefused(nested(), { keys: 2 ** 31 - 1, versions: 2 ** 31 - 1 })).toBe(true)
  })

  it('count wherever they are: beside literals, in fragments, under aliases, as IDs', () => {
    const text = `query($n: Int, $ids: [ID!]!) { nodes(ids: $ids) { ...F } a: nodes(ids: ["x", "y"]) { ...F } }
      fragment F on UserKey { versions(first: 100) { nodes { ...G } } b: versions(first: $n) { nodes { ...G } } }
      fragment G on KeyVersion { number versionStatus }`
    const values = (ids: number, n: number) => 2 + (ids + 2) * (2 + 100 * 2 + 100 + n * 2 + n)
    const ids = (length: number) => Array(length).fill('x')
    for (const [count, n] of [
      [50, 200],
      [100, 100],
      [80, 101],
      [81, 101],
      [81, 100],
    ] as const) {
      expect(isRefused(text, { ids: ids(count), n })).toBe(values(count, n) > 50_000)
    }
  })

  it('are refused before their values are known where one item of each is too much', () => {
    const aliases = Array.from({ length: 200 }, (_, n) => `a${n}: number`).join(' ')
    const text = `query($n: Int) { userKeys(first: 200) { nodes { versions(first: $n) { nodes { ${aliases} ${aliases.replaceAll('a', 'b')} } } } } }`
    expect(problemsOf(text)).toContainEqual(expect.stringContaining('more than 50000 values'))
  })
})
