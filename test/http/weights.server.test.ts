import { describe, expect, it } from 'vitest'
import { weightOf } from '../../src/crypto/weights.ts'
import { createHeldSlowWork } from '../support/held-slow-work.ts'
import { base64, type Client, type Person, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const rsa = { algorithm: 'RSA_2048', usage: 'SIGN_VERIFY' }
const generation = weightOf('RSA_2048', 'GENERATE')
const signature = weightOf('RSA_2048', 'SIGN')
const message = base64('message')

/** A caller with so many units, in a window that no test outlasts, and another one who reads the record. */
async function startWith(units: number) {
  const slowWork = createHeldSlowWork()
  const settings = {
    RATE_LIMIT_UNITS: String(units),
    RATE_LIMIT_WINDOW_SECONDS: '3600',
    BATCH_ITEMS_MAX: '10',
  }
  const story = await startStoryForTest(settings, { slowWork })
  const actions = async () => {
    const { data } = await story.as(ada).send('{ auditEvents(first: 100) { nodes { action } } }')
    return data.auditEvents.nodes.map(({ action }: { action: string }) => action).reverse()
  }
  return { client: story.as(mia), slowWork, actions, story }
}

const create = (client: Client, name: string, input: object = rsa) =>
  client.send(
    'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { __typename ... on CreateUserKeyPayload { userKey { id } } } }',
    { input: { name, ...input } },
  )

describe('slow cryptography', () => {
  it('costs what its algorithm weighs, and is refused before any of it is done', async () => {
    const { client, slowWork, actions } = await startWith(generation + 10)
    const first = await create(client, 'first')
    expect(first.data.createUserKey.__typename).toBe('CreateUserKeyPayload')
    slowWork.takeStarted()
    const second = await create(client, 'second')
    expect([second.status, second.data]).toEqual([200, { createUserKey: null }])
    expect(second.errors).toEqual([
      expect.objectContaining({
        path: ['createUserKey'],
        extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) },
      }),
    ])
    expect(slowWork.takeStarted()).toEqual([])
    // What costs a unit is still there, and nothing is on record of what was not done.
    const third = await create(client, 'third', { algorithm: 'AES_256_GCM' })
    expect(third.data.createUserKey.__typename).toBe('CreateUserKeyPayload')
    expect(await actions()).toEqual(['CREATE_USER_KEY', 'CREATE_USER_KEY'])
  })

  it('costs a unit where it is refused for another reason', async () => {
    const { client } = await startWith(generation + 10)
    await create(client, 'taken', { algorithm: 'AES_256_GCM' })
    for (let n = 0; n < 3; n++) {
      expect((await create(client, 'taken')).data.createUserKey.__typename).toBe('NameTakenError')
    }
    expect((await create(client, 'free')).data.createUserKey.__typename).toBe('CreateUserKeyPayload')
  })

  it('is paid for all items of a batch at once: either all of them are signed or none is', async () => {
    const { client, slowWork, actions } = await startWith(generation + 15 * signature)
    const keyId = (await create(client, 'rsa')).data.createUserKey.userKey.id
    slowWork.takeStarted()
    const sign = (items: number) =>
      client.send(
        'mutation($input: SignBatchInput!) { signBatch(input: $input) { ... on SignBatchPayload { results { result { __typename } } } } }',
        { input: { items: Array.from({ length: items }, () => ({ key: keyId, message })) } },
      )
    expect((await sign(10)).data.signBatch.results).toHaveLength(10)
    expect(slowWork.takeStarted()).toHaveLength(10)
    const refused = await sign(10)
    expect(refused.data).toEqual({ signBatch: null })
    expect(refused.errors).toEqual([
      expect.objectContaining({
        path: ['signBatch'],
        extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) },
      }),
    ])
    expect(slowWork.takeStarted()).toEqual([])
    expect((await actions()).filter((action: string) => action === 'SIGN')).toHaveLength(10)
  })

  it('that weighs more than a caller ever has takes all that a caller has', async () => {
    const { client } = await startWith(100)
    expect((await create(client, 'first')).data.createUserKey.__typename).toBe('CreateUserKeyPayload')
    const next = await client.send('{ viewer { projectId } }')
    expect([next.status, next.errors[0]?.extensions.code]).toEqual([429, 'RATE_LIMITED'])
  })

  it('costs nothing where there is no limit', async () => {
    const { client } = await startWith(0)
    for (const name of ['first', 'second']) {
      expect((await create(client, name)).data.createUserKey.__typename).toBe('CreateUserKeyPayload')
    }
  })
})
