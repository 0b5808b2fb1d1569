import { parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { documentLimitsRule } from '../../src/server/graphql/document-limits.ts'

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
    for (const first of ['first: 60', 'last: 60', 'first: $n'])
      expect(problemsOf(nested(first))).toContainEqual(message)
    expect(problemsOf(nested('first: 5'))).toEqual([])
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
      'explainAccess(key: "ukey_1", subject: "user:x", operation: VIEW) { allowed }',
      'explainMyAccess(key: "ukey_1", operation: VIEW) { allowed }',
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

  it('leave room for a console page: 200 keys with all their columns', () => {
    const columns = Array.from({ length: 40 }, (_, n) => `c${n}: name`).join(' ')
    expect(
      problemsOf(
        `{ userKeys(first: 200) { nodes { ${columns} versions(first: 20) { nodes { number versionStatus } } } } }`,
      ),
    ).toEqual([])
  })
})
