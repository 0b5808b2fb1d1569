import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

describe.skipIf(hasNoDatabase())('a data key', () => {
  let story: Story
  let max: Client
  let keyId: string
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
    keyId = (await max.mutate('createUserKey', { name: 'orders' }, 'userKey { id }'))['userKey'].id
  })
  afterAll(() => endStory(story))

  const generate = (input: object = {}) =>
    max.mutate('generateDataKey', { key: keyId, ...input }, 'ciphertext plaintext keyId versionNumber')

  it.each([1, 16, 32, 64, 1024])(
    'of %i bytes has that length, and its wrapped form opens to it',
    async (bytes) => {
      const made = await generate({ lengthBytes: bytes })
      expect(Buffer.from(made['plaintext'], 'base64')).toHaveLength(bytes)
      expect(made).toMatchObject({ keyId, versionNumber: 1 })
      const opened = await max.mutate('decrypt', { ciphertext: made['ciphertext'] }, 'plaintext')
      expect(opened['plaintext']).toBe(made['plaintext'])
    },
  )

  it('has 32 bytes unless asked for otherwise, and never comes twice', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => generate()))
    expect(new Set(made.map(({ plaintext }) => plaintext)).size).toBe(50)
    expect(Buffer.from(made[0]?.['plaintext'], 'base64')).toHaveLength(32)
  })

  it.each([0, -1, 1025, 2_147_483_647])('of %i bytes is refused', async (bytes) => {
    expect(await generate({ lengthBytes: bytes })).toMatchObject({ code: 'INPUT_VALIDATION' })
  })

  it('is bound to its additional authenticated data', async () => {
    const data = base64('disk 3')
    const { ciphertext, plaintext } = await generate({ additionalAuthenticatedData: data })
    const open = (additionalAuthenticatedData: string | null) =>
      max.mutate('decrypt', { ciphertext, additionalAuthenticatedData }, 'plaintext')
    expect(await open(data)).toMatchObject({ plaintext })
    for (const wrong of [null, '', base64('disk 4')]) {
      expect(await open(wrong)).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    }
  })

  it('of an asymmetric key is refused', async () => {
    const { userKey } = await max.mutate(
      'createUserKey',
      { name: 'rsa', algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      'userKey { id }',
    )
    expect(await generate({ key: userKey.id })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
  })

  it('leaves the server only if it was selected, however that is written, and the record says which', async () => {
    const payload = (selection: string) => `... on GenerateDataKeyPayload { ${selection} }`
    const variables = { input: { key: keyId }, yes: true, no: false }
    const field = (selection: string) => `generateDataKey(input: $input) { ${selection} }`
    const disclosing = [
      field(payload('ciphertext plaintext')),
      field(payload('secret: plaintext')),
      field('...Named'),
      field(`... @include(if: $yes) { ${payload('... { plaintext }')} }`),
      field(payload('plaintext @skip(if: $no)')),
      `${field(payload('ciphertext'))} ${field('...Named')}`,
    ]
    const silent = [
      field('__typename'),
      field(payload('ciphertext keyId versionNumber')),
      field(payload('plaintext: ciphertext')),
      field(payload('ciphertext plaintext @include(if: $no)')),
      field(payload('ciphertext plaintext @skip(if: $yes)')),
      field(`... @skip(if: $yes) { ...Named } ${payload('ciphertext')}`),
      field('... on UserError { code } ... on InputValidationError { message }'),
    ]
    const before = await count()
    for (const [fields, discloses] of [
      ...disclosing.map((each) => [each, true] as const),
      ...silent.map((each) => [each, false] as const),
    ]) {
      const used = (name: string) => `__typename @skip(if: ${name})`
      const named = fields.includes('...Named')
        ? 'fragment Named on GenerateDataKeyPayload { ciphertext plaintext }'
        : ''
      const { data, errors } = await max.send(
        `mutation($input: GenerateDataKeyInput!, $yes: Boolean!, $no: Boolean!) { ${fields} ${used('$yes')} ${used('$no')} } ${named}`,
        variables,
      )
      expect(errors).toEqual([])
      const { plaintext, secret, ciphertext } = data.generateDataKey
      const shown = [plaintext, secret].filter((value) => value && Buffer.from(value, 'base64').length === 32)
      expect(shown).toHaveLength(discloses ? 1 : 0)
      if (!discloses && ciphertext) expect(Buffer.from(ciphertext, 'base64').length).toBeGreaterThan(32)
    }
    const details = await story.sql(
      `SELECT details FROM audit_events WHERE action = 'GENERATE_DATA_KEY' ORDER BY occurred_at, id OFFSET ${before}`,
    )
    expect(details.map((row) => row['details'])).toEqual(
      [...disclosing.map(() => true), ...silent.map(() => false)].map((plaintextDisclosed) => ({
        plaintextDisclosed,
        bytes: 32,
      })),
    )
  })

  async function count(): Promise<number> {
    const [row] = await story.sql(
      `SELECT count(*)::int AS n FROM audit_events WHERE action = 'GENERATE_DATA_KEY'`,
    )
    return Number(row?.['n'])
  }
})
