import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }

/** A document in which one variable stands for many representations. */
const repeating = (times: number, selection: string) =>
  `query Repeated($one: _Any!) { _entities(representations: [${'$one '.repeat(times)}]) { ... on EncryptedValue { ${selection} } } }`

describe.skipIf(hasNoDatabase())('one long representation in many places of a document', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  const ask = (one: object, times: number, selection: string) =>
    story.as(olga).send(repeating(times, selection), { one: { __typename: 'EncryptedValue', ...one } })

  it('does not make an answer that is many times as long as the request', async () => {
    const ciphertext = Buffer.alloc(65_000).toString('base64')
    expect((await ask({ ciphertext }, 5, 'ciphertext')).data._entities).toEqual(Array(5).fill({ ciphertext }))
    for (const selection of ['ciphertext', 'context', 'plaintext', 'failure { code }']) {
      const { text, errors } = await ask({ ciphertext }, 200, selection)
      expect(text.length).toBeLessThan(10_000)
      expect(errors).toMatchObject([{ path: ['_entities'], extensions: { code: 'INPUT_VALIDATION' } }])
    }
    const pair = (n: number) => [`n${n}`, 'x'.repeat(250)] as const
    const context = Object.fromEntries(Array.from({ length: 16 }, (_, n) => pair(n)))
    const { errors } = await ask({ ciphertext: 'AAAA', context }, 1000, 'context')
    expect(errors).toMatchObject([{ path: ['_entities'], extensions: { code: 'INPUT_VALIDATION' } }])
  })

  it('has at most 5,000 fields that can fail', async () => {
    const aliases = Array.from({ length: 5 }, (_, n) => `a${n}: plaintext`).join(' ')
    const { status, errors } = await ask({ ciphertext: '%' }, 1000, aliases)
    expect([status, errors[0]?.message]).toEqual([400, expect.stringContaining('more than 50000 values')])
    expect((await ask({ ciphertext: '%' }, 900, aliases)).status).toBe(200)
  })

  it('cannot be repeated under many aliases, either', async () => {
    for (const selection of ['context', 'failure { code }']) {
      const aliases = Array.from({ length: 61 }, (_, n) => `a${n}: ${selection}`).join(' ')
      const { status, errors } = await ask({ ciphertext: 'AAAA' }, 1, aliases)
      expect([status, errors[0]?.extensions.code]).toEqual([400, 'BAD_REQUEST'])
    }
  })
})
