import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

interface BatchResult {
  readonly reference: string | null
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of every shape
  readonly result: any
}

const payloads = {
  encrypt: '... on EncryptPayload { ciphertext keyId versionNumber }',
  decrypt: '... on DecryptPayload { plaintext keyId versionNumber }',
  reEncrypt: '... on ReEncryptPayload { ciphertext sourceKeyId sourceVersionNumber keyId versionNumber }',
  sign: '... on SignPayload { signature keyId versionNumber }',
  verify: '... on VerifyPayload { valid keyId versionNumber }',
} as const

const noKey = 'ukey_01h455vb4pex5vsknk084sn02q'

describe.skipIf(hasNoDatabase())('a batch', () => {
  let story: Story
  let max: Client
  let aes: string
  let xaes: string
  let signing: string
  let closed: string
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
    const create = async (client: Client, name: string, input: object): Promise<string> =>
      (await client.mutate('createUserKey', { name, ...input }, 'userKey { id }'))['userKey'].id
    aes = await create(max, 'aes', {})
    xaes = await create(max, 'xaes', { algorithm: 'XAES_256_GCM' })
    signing = await create(max, 'signing', { algorithm: 'ED25519' })
    const olga = story.as({ name: 'olga', roles: ['PROJECT_MEMBER'] })
    closed = await create(olga, 'closed', { accessControl: { enabled: true } })
  })
  afterAll(() => endStory(story))

  const send = (name: keyof typeof payloads, items: readonly object[], client = max) => {
    const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    return client.send(
      `mutation($input: ${pascal}BatchInput!) { batch: ${name}Batch(input: $input) { __typename ... on UserError { code message }
        ... on ${pascal}BatchPayload { results { reference result { __typename ... on UserError { code message } ${payloads[name]} } } } } }`,
      { input: { items } },
    )
  }

  async function run(name: keyof typeof payloads, items: readonly object[]): Promise<BatchResult[]> {
    const { data, errors, text } = await send(name, items)
    if (errors.length > 0 || data.batch.results === undefined) throw new Error(`the batch failed: ${text}`)
    return data.batch.results
  }

  it('keeps the order, gives references back, and lets each item fail for itself', async () => {
    const plaintext = base64('hello')
    const results = await run('encrypt', [
      { reference: 'first', key: aes, plaintext },
      { reference: 'unknown', key: noKey, plaintext },
      { key: xaes, plaintext },
      { reference: 'closed', key: closed, plaintext },
      { reference: '', key: signing, plaintext },
      { reference: 'long', key: aes, plaintext: base64(new Uint8Array(65_537)) },
      { reference: 'first', key: aes, plaintext: '' },
    ])
    expect(results).toMatchObject([
      { reference: 'first', result: { __typename: 'EncryptPayload', keyId: aes, versionNumber: 1 } },
      { reference: 'unknown', result: { code: 'KEY_NOT_FOUND' } },
      { reference: null, result: { __typename: 'EncryptPayload', keyId: xaes } },
      { reference: 'closed', result: { __typename: 'ForbiddenError', code: 'FORBIDDEN' } },
      { reference: '', result: { code: 'INVALID_KEY_USAGE' } },
      { reference: 'long', result: { code: 'INPUT_VALIDATION' } },
      { reference: 'first', result: { __typename: 'EncryptPayload', keyId: aes } },
    ])
    const opened = await run(
      'decrypt',
      [0, 2, 6].map((index) => ({ ciphertext: results[index]?.result.ciphertext })),
    )
    expect(opened.map(({ result }) => result.plaintext)).toEqual([plaintext, plaintext, ''])
  })

  it('has additional authenticated data per item', async () => {
    const items = ['a', 'b', ''].map((text) => ({
      key: aes,
      plaintext: base64(`for ${text}`),
      additionalAuthenticatedData: base64(text),
    }))
    const made = (await run('encrypt', items)).map(({ result }) => result.ciphertext as string)
    const opened = await run(
      'decrypt',
      made.flatMap((ciphertext) =>
        ['a', 'b', ''].map((text) => ({ ciphertext, additionalAuthenticatedData: base64(text) })),
      ),
    )
    expect(opened.map(({ result }) => result.plaintext ?? result.code)).toEqual([
      ...[base64('for a'), 'INVALID_CIPHERTEXT', 'INVALID_CIPHERTEXT'],
      ...['INVALID_CIPHERTEXT', base64('for b'), 'INVALID_CIPHERTEXT'],
      ...['INVALID_CIPHERTEXT', 'INVALID_CIPHERTEXT', base64('for ')],
    ])
  })

  it('that repeats one item gives another ciphertext each time, also at the most items', async () => {
    const results = await run('encrypt', Array(500).fill({ key: aes, plaintext: base64('same') }))
    const ciphertexts = results.map(({ result }) => result.ciphertext as string)
    expect(new Set(ciphertexts).size).toBe(500)
    const opened = await run(
      'decrypt',
      ciphertexts.map((ciphertext) => ({ ciphertext })),
    )
    expect(opened.map(({ result }) => result.plaintext)).toEqual(Array(500).fill(base64('same')))
  })

  it.each([
    ['no items', []],
    ['501 items', Array(501).fill(0)],
  ])('with %s is one error of the whole, and does nothing', async (_what, places) => {
    for (const name of Object.keys(payloads) as (keyof typeof payloads)[]) {
      const item = {
        encrypt: { key: aes, plaintext: '' },
        decrypt: { ciphertext: '' },
        reEncrypt: { ciphertext: '' },
        sign: { key: signing, message: '' },
        verify: { version: { key: signing, number: 1 }, message: '', signature: '' },
      }[name]
      const answer = await send(
        name,
        places.map(() => item),
      )
      expect(answer.data).toEqual({
        batch: {
          __typename: 'InputValidationError',
          code: 'INPUT_VALIDATION',
          message: expect.stringContaining('1 to 500'),
        },
      })
    }
  })

  it('has at most 1 MiB, and everything that was encrypted in one opens in one', async () => {
    const plaintext = base64(new Uint8Array(65_536))
    const item = { key: aes, plaintext }
    const results = await run('encrypt', Array(16).fill(item))
    const opened = await run(
      'decrypt',
      results.map(({ result }) => ({ ciphertext: result.ciphertext })),
    )
    expect(opened.every(({ result }) => result.plaintext === plaintext)).toBe(true)
    const more = await send('encrypt', [...Array(16).fill(item), { key: aes, plaintext: base64('x') }])
    expect(more.data.batch).toMatchObject({
      code: 'INPUT_VALIDATION',
      message: expect.stringContaining('1048576'),
    })
    const withData = { key: aes, plaintext: '', additionalAuthenticatedData: plaintext }
    const data = await send('encrypt', [...Array(16).fill(withData), { key: aes, plaintext: base64('x') }])
    expect(data.data.batch).toMatchObject({ code: 'INPUT_VALIDATION' })
  })

  it('with a malformed value is refused as a request, with the place of the value', async () => {
    const answer = await send('encrypt', [
      { key: aes, plaintext: '' },
      { key: aes, plaintext: 'YQ' },
    ])
    expect(answer).toMatchObject({ status: 400, data: null })
    expect(answer.errors[0]).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
      message: expect.stringContaining('items.1.plaintext'),
    })
  })

  it('is FORBIDDEN as a whole only to a caller whose roles do not allow it', async () => {
    const reader = story.as({ name: 'rita', roles: ['PROJECT_READER'] })
    const items = [{ key: aes, plaintext: '' }]
    for (const batch of [items, [], Array(501).fill(items[0])]) {
      const answer = await send('encrypt', batch, reader)
      expect(answer).toMatchObject({
        data: { batch: { __typename: 'ForbiddenError', code: 'FORBIDDEN' } },
        errors: [],
      })
    }
  })

  it('re-encrypts, each item to its own key', async () => {
    const [made, other] = await run('encrypt', [
      { key: aes, plaintext: base64('one') },
      { key: xaes, plaintext: base64('two') },
    ])
    const results = await run('reEncrypt', [
      { reference: 'same', ciphertext: made?.result.ciphertext },
      { reference: 'moved', ciphertext: other?.result.ciphertext, destinationKey: aes },
      { reference: 'closed', ciphertext: made?.result.ciphertext, destinationKey: closed },
      { reference: 'damaged', ciphertext: base64('damaged') },
      { reference: 'nowhere', ciphertext: made?.result.ciphertext, destinationKey: noKey },
    ])
    expect(results).toMatchObject([
      { reference: 'same', result: { sourceKeyId: aes, keyId: aes } },
      { reference: 'moved', result: { sourceKeyId: xaes, keyId: aes } },
      { reference: 'closed', result: { code: 'FORBIDDEN' } },
      { reference: 'damaged', result: { code: 'INVALID_CIPHERTEXT' } },
      { reference: 'nowhere', result: { code: 'KEY_NOT_FOUND' } },
    ])
    const opened = await run(
      'decrypt',
      results.slice(0, 2).map(({ result }) => ({ ciphertext: result.ciphertext })),
    )
    expect(opened.map(({ result }) => result.plaintext)).toEqual([base64('one'), base64('two')])
  })

  it('signs and verifies, each item for itself', async () => {
    const message = base64('a message')
    const signed = await run('sign', [
      { reference: 'a', key: signing, message },
      { reference: 'b', key: aes, message },
      { reference: 'c', key: signing, message, messageType: 'DIGEST' },
    ])
    expect(signed).toMatchObject([
      { reference: 'a', result: { keyId: signing, versionNumber: 1, signature: expect.any(String) } },
      { reference: 'b', result: { code: 'INVALID_KEY_USAGE' } },
      { reference: 'c', result: { code: 'INPUT_VALIDATION' } },
    ])
    const signature = signed[0]?.result.signature
    const item = { version: { key: signing, number: 1 }, message, signature }
    const verified = await run('verify', [
      { ...item, reference: 'good' },
      { ...item, message: base64('another message') },
      { ...item, signature: '' },
      { ...item, version: { key: signing, number: 2 } },
      { ...item, version: { key: closed, number: 1 } },
    ])
    expect(verified.map(({ result }) => result.valid ?? result.code)).toEqual([
      true,
      false,
      false,
      'KEY_VERSION_NOT_FOUND',
      'FORBIDDEN',
    ])
  })
})
