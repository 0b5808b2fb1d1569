import { createReadStream } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ClientOptions,
  createClient,
  InvalidCiphertextError,
  InvalidEnvelopeError,
  InvalidKeyUsageError,
  KeyNotFoundError,
  type KeysteadClient,
} from '../../packages/client/src/index.ts'
import { endStory, type Story, startStory } from '../support/story.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array) => new TextDecoder().decode(value)
const context = { purpose: 'records' }

let story: Story
let calls = 0

function clientOf(options: Partial<ClientOptions> = {}): KeysteadClient {
  return createClient({
    url: story.app.url,
    token: () => story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }),
    fetch(input, init) {
      calls += 1
      return fetch(input, init)
    },
    ...options,
  })
}

async function* inChunks(content: Uint8Array, length: number) {
  for (let start = 0; start < content.length; start += length) yield content.slice(start, start + length)
}

async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

beforeAll(async () => {
  story = await startStory()
  const client = clientOf()
  await client.createUserKey({ name: 'records' })
  await client.createUserKey({ name: 'others' })
  await client.createUserKey({ name: 'letters', usage: 'ENCRYPT_DECRYPT', algorithm: 'RSA_2048' })
})
afterAll(() => endStory(story))

describe('an envelope', () => {
  it('is opened by another client with the same context', async () => {
    const sealed = await clientOf().envelope.encrypt(bytes('tea'), { key: 'records', context })
    expect(text(await clientOf().envelope.decrypt(sealed, { context }))).toBe('tea')
    const other = clientOf().envelope.decrypt(sealed, { context: { purpose: 'other' } })
    await expect(other).rejects.toBeInstanceOf(InvalidCiphertextError)
    await expect(clientOf().envelope.decrypt(sealed)).rejects.toBeInstanceOf(InvalidCiphertextError)
  })

  it('is bound to what its record is', async () => {
    const { envelope } = clientOf()
    const options = (row: string) => ({ context, additionalAuthenticatedData: bytes(row) })
    const sealed = await envelope.encrypt(bytes('tea'), { key: 'records', ...options('row 1') })
    expect(text(await envelope.decrypt(sealed, options('row 1')))).toBe('tea')
    await expect(envelope.decrypt(sealed, options('row 2'))).rejects.toBeInstanceOf(InvalidEnvelopeError)
    await expect(envelope.decrypt(sealed, { context })).rejects.toBeInstanceOf(InvalidEnvelopeError)
  })

  it('is opened for the key that its caller expects, and for no other', async () => {
    const sealed = await clientOf().envelope.encrypt(bytes('tea'), { key: 'records', context })
    expect(text(await clientOf().envelope.decrypt(sealed, { context, key: 'records' }))).toBe('tea')
    const client = clientOf()
    await client.envelope.decrypt(sealed, { context })
    // Also where the data key is in memory already.
    await expect(client.envelope.decrypt(sealed, { context, key: 'others' })).rejects.toMatchObject({
      code: 'INVALID_CIPHERTEXT',
    })
  })

  it('opens after the key was rotated', async () => {
    const client = clientOf()
    const sealed = await client.envelope.encrypt(bytes('tea'), { key: 'others', context })
    await client.rotateUserKey({ key: 'others' })
    client.close()
    expect(text(await client.envelope.decrypt(sealed, { context }))).toBe('tea')
  })

  it('of a stream has the same form as one of bytes, whatever its chunks', async () => {
    const { envelope } = clientOf()
    const content = new Uint8Array(3 * 2 ** 20 + 12_345).map((_, index) => index % 251)
    const sealed = await envelope.encrypt(inChunks(content, 77_777), { key: 'records', context }).then(read)
    expect(Buffer.compare(await envelope.decrypt(sealed, { context }), content)).toBe(0)
    const whole = await envelope.encrypt(content, { key: 'records', context })
    expect(whole.length).toBe(sealed.length)
    const web = new Blob([new Uint8Array(whole)]).stream()
    expect(Buffer.compare(await envelope.decrypt(web, { context }).then(read), content)).toBe(0)
  })

  it('takes files as streams', async () => {
    const { envelope } = clientOf()
    const sealed = await envelope.encrypt(createReadStream(import.meta.filename), { key: 'records', context })
    expect(text(await envelope.decrypt(sealed, { context }).then(read))).toContain('takes files as streams')
  })

  it.each([
    ['a key that is not there', 'missing', KeyNotFoundError],
    ['a key that is no symmetric one', 'letters', InvalidKeyUsageError],
  ])('is not begun with %s', async (_what, key, expected) => {
    const { envelope } = clientOf()
    const source = new Blob(['tea']).stream()
    await expect(envelope.encrypt(source, { key })).rejects.toBeInstanceOf(expected)
    await expect(envelope.encrypt(bytes('tea'), { key })).rejects.toBeInstanceOf(expected)
    // The stream is ended, so that its file is closed.
    expect((await source.getReader().read()).done).toBe(true)
  })

  it('refuses what is no bytes', async () => {
    const { envelope } = clientOf()
    const encrypt = envelope.encrypt as (content: unknown, options: object) => Promise<ReadableStream>
    await expect(encrypt('text', { key: 'records' })).rejects.toThrow(TypeError)
    await expect(encrypt(bytes('a'), { key: 'records', additionalAuthenticatedData: 'a' })).rejects.toThrow(
      'additionalAuthenticatedData must be a Uint8Array.',
    )
    async function* words() {
      yield 'text'
    }
    const stream = await encrypt(words(), { key: 'records' })
    await expect(read(stream)).rejects.toThrow('A stream must give Uint8Array, got string.')
  })
})

describe('a stream of an envelope', () => {
  it('fails at its end where it was cut off', async () => {
    const { envelope } = clientOf()
    const content = new Uint8Array(2 ** 21 + 5)
    const sealed = await envelope.encrypt(content, { key: 'records', context })
    // After its second piece of three.
    const cut = sealed.subarray(0, sealed.length - 5 - 16)
    const reader = (await envelope.decrypt(inChunks(cut, 100_000), { context })).getReader()
    expect((await reader.read()).value?.length).toBe(2 ** 20)
    await expect(reader.read()).rejects.toBeInstanceOf(InvalidEnvelopeError)
  })

  it('gives nothing of a piece that is wrong, and ends its source', async () => {
    const { envelope } = clientOf()
    const sealed = await envelope.encrypt(new Uint8Array(2 ** 20 + 5), { key: 'records', context })
    sealed[200] = (sealed[200] ?? 0) ^ 1
    let isEnded = false
    async function* source() {
      try {
        yield* inChunks(sealed, 50_000)
        yield* inChunks(sealed, 50_000)
      } finally {
        isEnded = true
      }
    }
    const reader = (await envelope.decrypt(source(), { context })).getReader()
    await expect(reader.read()).rejects.toBeInstanceOf(InvalidEnvelopeError)
    await expect.poll(() => isEnded).toBe(true)
  })

  it('ends its source when its reader goes, and when the caller ends it', async () => {
    const { envelope } = clientOf()
    let ended = 0
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(2 ** 20)
      } finally {
        ended += 1
      }
    }
    const reader = (await envelope.encrypt(endless(), { key: 'records' })).getReader()
    await reader.read()
    await reader.read()
    await reader.cancel()
    expect(ended).toBe(1)
    const controller = new AbortController()
    const { signal } = controller
    const stream = (await envelope.encrypt(endless(), { key: 'records', signal })).getReader()
    await stream.read()
    await stream.read()
    controller.abort(new Error('enough'))
    await expect(stream.read()).rejects.toThrow('enough')
    await expect.poll(() => ended).toBe(2)
  })

  it('fails with the error of its source', async () => {
    const { envelope } = clientOf()
    async function* broken() {
      yield new Uint8Array(10)
      throw new Error('the disk is gone')
    }
    const stream = await envelope.encrypt(broken(), { key: 'records' })
    await expect(read(stream)).rejects.toThrow('the disk is gone')
  })
})

describe('data keys', () => {
  it('serve many records in both directions, and callers at the same time share a call', async () => {
    const { envelope } = clientOf()
    calls = 0
    const sealed = await Promise.all(
      Array.from({ length: 1000 }, (_, row) =>
        envelope.encrypt(bytes(`row ${row}`), { key: 'records', context }),
      ),
    )
    expect(calls).toBe(1)
    // What was encrypted here is decrypted without a call.
    expect(text(await envelope.decrypt(sealed[7] ?? bytes(''), { context }))).toBe('row 7')
    expect(calls).toBe(1)
    const reader = clientOf().envelope
    calls = 0
    const opened = await Promise.all(sealed.map((each) => reader.decrypt(each, { context })))
    expect(calls).toBe(1)
    expect(opened.map(text)).toEqual(sealed.map((_, row) => `row ${row}`))
    const salts = sealed.map((each) => Buffer.from(each.subarray(121, 137)).toString('hex'))
    expect(new Set(salts).size).toBe(1000)
  })

  it('of other contexts and keys are others', async () => {
    const { envelope } = clientOf()
    calls = 0
    for (const key of ['records', 'others']) {
      for (const purpose of ['a', 'b']) await envelope.encrypt(bytes(''), { key, context: { purpose } })
      await envelope.encrypt(bytes(''), { key })
      await envelope.encrypt(bytes(''), { key, context: { purpose: 'a' } })
    }
    expect(calls).toBe(6)
  })

  it('are no longer in memory when the client is closed', async () => {
    const client = clientOf()
    calls = 0
    await client.envelope.encrypt(bytes(''), { key: 'records' })
    client.close()
    await client.envelope.encrypt(bytes(''), { key: 'records' })
    expect(calls).toBe(2)
  })

  it('are waited for by each caller as long as it likes', async () => {
    const { envelope } = clientOf()
    const controller = new AbortController()
    const { signal } = controller
    const gone = envelope.encrypt(bytes('1'), { key: 'records', context, signal })
    const other = envelope.encrypt(bytes('2'), { key: 'records', context })
    controller.abort(new Error('enough'))
    await expect(gone).rejects.toThrow('enough')
    expect(text(await envelope.decrypt(await other, { context }))).toBe('2')
  })
})
