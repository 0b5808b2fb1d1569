import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createClient,
  InvalidCiphertextError,
  KeyNotFoundError,
  type KeysteadClient,
} from '../../packages/client/src/index.ts'
import { endStory, type Story, startStory } from '../support/story.ts'
import { startScriptedServer } from './scripted-server.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

let story: Story
let client: KeysteadClient
/** Name of the operation and number of items of each request. */
let sent: { readonly operation: string; readonly items: number }[] = []

function clientOf({ url = story.app.url, ...options }: { url?: string; batchItemsMax?: number } = {}) {
  return createClient({
    url,
    token: () => story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }),
    fetch(input, init) {
      const { query, variables } = JSON.parse(String(init?.body))
      const [, operation = ''] = /^\w+ (\w+)/.exec(query) ?? []
      sent.push({ operation, items: variables.input?.items?.length ?? 1 })
      return fetch(input, init)
    },
    ...options,
  })
}

beforeAll(async () => {
  story = await startStory({ BATCH_ITEMS_MAX: '100' })
  client = clientOf({ batchItemsMax: 100 })
  await client.createUserKey({ name: 'rows' })
  await client.createUserKey({ name: 'signer', usage: 'SIGN_VERIFY', algorithm: 'ED25519' })
  await client.createUserKey({ name: 'tags', algorithm: 'HMAC_SHA256' })
})
afterAll(() => endStory(story))
beforeEach(() => {
  sent = []
})

describe('calls of one operation in one turn of the event loop', () => {
  it('go as one batch, and each gets its own result', async () => {
    const texts = Array.from({ length: 50 }, (_, index) => `row ${index}`)
    const sealed = await Promise.all(
      texts.map((text, index) =>
        client.encrypt({ key: 'rows', plaintext: bytes(text), context: { row: String(index) } }),
      ),
    )
    expect(sent).toEqual([{ operation: 'EncryptBatch', items: 50 }])
    sent = []
    const opened = await Promise.all(
      sealed.map(({ ciphertext }, index) => client.decrypt({ ciphertext, context: { row: String(index) } })),
    )
    expect(sent).toEqual([{ operation: 'DecryptBatch', items: 50 }])
    expect(opened.map(({ plaintext }) => new TextDecoder().decode(plaintext))).toEqual(texts)
    sent = []
    const [again] = await Promise.all(
      sealed.slice(0, 2).map(({ ciphertext }, index) =>
        client.reEncrypt({
          ciphertext,
          sourceContext: { row: String(index) },
          destinationContext: { row: 'other' },
        }),
      ),
    )
    expect(again?.ciphertext).toBeInstanceOf(Uint8Array)
    expect(sent).toEqual([{ operation: 'ReEncryptBatch', items: 2 }])
  })

  it('also where promises come in between, and for signatures and MACs', async () => {
    const version = { key: 'signer', number: 1 }
    const sign = async (text: string) => {
      await Promise.resolve()
      return client.sign({ key: 'signer', message: bytes(text) })
    }
    const [one, two] = await Promise.all([sign('1'), sign('2')])
    const checks = await Promise.all([
      client.verify({ version, message: bytes('1'), signature: one.signature }),
      client.verify({ version, message: bytes('1'), signature: two.signature }),
      client.generateMac({ key: 'tags', message: bytes('1') }),
      client.generateMac({ key: 'tags', message: bytes('2') }),
    ])
    expect(checks.slice(0, 2).map((check) => 'valid' in check && check.valid)).toEqual([true, false])
    expect(sent).toEqual([
      { operation: 'SignBatch', items: 2 },
      { operation: 'VerifyBatch', items: 2 },
      { operation: 'GenerateMacBatch', items: 2 },
    ])
  })

  it('go alone where there is one, and where batches are switched off', async () => {
    await client.encrypt({ key: 'rows', plaintext: bytes('1') })
    await client.encrypt({ key: 'rows', plaintext: bytes('2') })
    const single = clientOf({ batchItemsMax: 1 })
    await Promise.all(['3', '4'].map((text) => single.encrypt({ key: 'rows', plaintext: bytes(text) })))
    expect(sent.map(({ operation }) => operation)).toEqual(['Encrypt', 'Encrypt', 'Encrypt', 'Encrypt'])
  })

  it('are never joined where they change something', async () => {
    await Promise.all(
      ['rows', 'tags'].map((key) => client.labelUserKey({ key, set: [{ name: 'team', value: 'shop' }] })),
    )
    expect(sent.map(({ operation }) => operation)).toEqual(['LabelUserKey', 'LabelUserKey'])
  })

  it('fail one by one', async () => {
    const { ciphertext } = await client.encrypt({ key: 'rows', plaintext: bytes('tea') })
    const outcomes = await Promise.allSettled([
      client.encrypt({ key: 'missing', plaintext: bytes('1') }),
      client.encrypt({ key: 'rows', plaintext: bytes('2') }),
      client.encrypt({ key: 'rows', plaintext: new Uint8Array(70_000) }),
      client.decrypt({ ciphertext: ciphertext.slice(1) }),
      client.decrypt({ ciphertext }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    const [missing, , long, cut] = outcomes.map((outcome) => 'reason' in outcome && outcome.reason)
    expect(missing).toBeInstanceOf(KeyNotFoundError)
    expect(long).toMatchObject({ code: 'INPUT_VALIDATION' })
    expect(cut).toBeInstanceOf(InvalidCiphertextError)
  })

  it('do not fail for the mistake of one that the server cannot even read', async () => {
    const encrypt = client.encrypt as (input: object) => Promise<{ keyId: string }>
    const inputs = Array.from({ length: 16 }, (_, index) => ({
      ...(index !== 5 && { key: 'rows' }),
      plaintext: bytes('tea'),
    }))
    const outcomes = await Promise.allSettled(inputs.map((input) => encrypt(input)))
    expect(outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([5])
    expect(sent.length).toBeLessThan(16)
  })

  it('go as several batches where a server would refuse one', async () => {
    const plaintext = new Uint8Array(60_000)
    const context = Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [`name${index}`, 'é'.repeat(128)]),
    )
    await Promise.all(Array.from({ length: 30 }, () => client.encrypt({ key: 'rows', plaintext })))
    expect(sent.length).toBeGreaterThan(1)
    expect(Math.min(...sent.map(({ items }) => items))).toBeGreaterThan(5)
    sent = []
    await Promise.all(
      Array.from({ length: 250 }, () => client.encrypt({ key: 'rows', plaintext: bytes('1') })),
    )
    expect(sent.map(({ items }) => items)).toEqual([100, 100, 50])
    sent = []
    // As many JSON tokens as 100 items may have: the server counts 50 for each.
    const calls = Array.from({ length: 100 }, () =>
      client.encrypt({ key: 'rows', plaintext: bytes('1'), context }),
    )
    expect((await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected')).toEqual([])
  })

  it('find out about a lower limit of the server', async () => {
    const eager = clientOf({ batchItemsMax: 300 })
    const encrypt = () =>
      Promise.all(Array.from({ length: 300 }, () => eager.encrypt({ key: 'rows', plaintext: bytes('1') })))
    expect((await encrypt()).length).toBe(300)
    sent = []
    await encrypt()
    expect(sent.map(({ items }) => items).filter((items) => items > 100)).toEqual([])
    expect(sent.length).toBeLessThan(10)
  })
})

describe('a caller that waits no longer', () => {
  it('ends its own call and no other', async () => {
    const controller = new AbortController()
    const settled = Promise.allSettled([
      client.encrypt({ key: 'rows', plaintext: bytes('1') }, { signal: controller.signal }),
      client.encrypt({ key: 'rows', plaintext: bytes('2') }),
      client.encrypt({ key: 'rows', plaintext: bytes('3') }, { timeoutMs: 1 }),
    ])
    // After the batch was sent.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    controller.abort(new Error('enough'))
    const outcomes = await settled
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    expect(outcomes[0]).toMatchObject({ reason: { message: 'enough' } })
    expect(outcomes[2]).toMatchObject({ reason: { code: 'TIMEOUT' } })
  })

  it('is not sent where it has gone before', async () => {
    const controller = new AbortController()
    const gone = client.encrypt({ key: 'rows', plaintext: bytes('1') }, { signal: controller.signal })
    const other = client.encrypt({ key: 'rows', plaintext: bytes('2') })
    controller.abort(new Error('enough'))
    await expect(gone).rejects.toThrow('enough')
    await other
    expect(sent).toEqual([{ operation: 'Encrypt', items: 1 }])
  })

  it('ends the request if nobody else waits for it', async () => {
    const ended = Promise.withResolvers<void>()
    const hanging = await startScriptedServer(() => 'hang')
    const other = createClient({
      url: hanging.url,
      token: 'token',
      fetch(input, init) {
        init?.signal?.addEventListener('abort', () => ended.resolve())
        return fetch(input, init)
      },
    })
    const controller = new AbortController()
    const { signal } = controller
    const calls = ['1', '2'].map((text) => other.encrypt({ key: 'rows', plaintext: bytes(text) }, { signal }))
    setTimeout(() => controller.abort(), 50)
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await ended.promise
  })
})

describe('an answer that does not fit the batch', () => {
  it('is an error for every caller', async () => {
    const body = { data: { encryptBatch: { __typename: 'EncryptBatchPayload', results: [] } } }
    const short = await startScriptedServer(() => ({ body }))
    const other = createClient({ url: short.url, token: 'token', attemptsMax: 1 })
    const calls = ['1', '2'].map((text) => other.encrypt({ key: 'rows', plaintext: bytes(text) }))
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' })
  })

  it('is an error of the item for which the server failed', async () => {
    const result = { __typename: 'EncryptPayload', ciphertext: 'AQ==', keyId: 'ukey_x', versionNumber: 1 }
    const failing = await startScriptedServer(() => ({
      body: {
        data: {
          encryptBatch: { __typename: 'EncryptBatchPayload', results: [{ result: null }, { result }] },
        },
        errors: [
          {
            message: 'Internal error 1.',
            path: ['encryptBatch', 'results', 0, 'result'],
            extensions: { code: 'INTERNAL' },
          },
        ],
      },
    }))
    const other = createClient({ url: failing.url, token: 'token' })
    const calls = ['1', '2'].map((text) => other.encrypt({ key: 'rows', plaintext: bytes(text) }))
    const [first, second] = await Promise.allSettled(calls)
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } })
    expect(second).toMatchObject({ value: { ciphertext: new Uint8Array([1]) } })
  })
})
