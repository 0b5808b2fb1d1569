import { describe, expect, it } from 'vitest'
import { base64, type Person, readAnswer, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'] }
const max: Person = { name: 'max', roles: ['KMS_MANAGER', 'KMS_USER'] }
/** A window that no test outlasts. */
const limited = { RATE_LIMIT_UNITS: '10', RATE_LIMIT_WINDOW_SECONDS: '3600', BATCH_ITEMS_MAX: '10' }
const encryptBatch =
  'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { __typename ... on UserError { code } } }'
const allowance =
  '10 units in 3600 seconds, one for each top-level field and each item of a batch, and more for slow cryptography'

/** So many fields on the first level. */
function viewers(count: number): string {
  return `{ ${Array.from({ length: count }, (_, n) => `v${n}: viewer { projectId }`).join(' ')} }`
}

async function createKey(story: Story, person: Person, name: string): Promise<string> {
  const { userKey } = await story.as(person).mutate('createUserKey', { name }, 'userKey { id }')
  return userKey.id
}

const batchOf = (key: string, count: number) => ({
  input: { items: Array.from({ length: count }, () => ({ key, plaintext: base64('order 7') })) },
})

describe('a caller who has used up what it may use', () => {
  it('is told which limit that is, and when to come back, in the way of HTTP and of GraphQL', async () => {
    const story = await startStoryForTest(limited)
    expect((await story.as(mia).send(viewers(10))).status).toBe(200)
    const refused = await story.as(mia).send(viewers(1))
    expect(refused.status).toBe(429)
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(3000)
    expect(JSON.parse(refused.text)).toEqual({
      errors: [
        {
          message: `A caller may use ${allowance}. Try again in ${seconds} seconds.`,
          extensions: { code: 'RATE_LIMITED', retryAfterSeconds: seconds },
        },
      ],
    })
  })

  it('leaves others what they may use, and itself in another project', async () => {
    const story = await startStoryForTest(limited)
    await story.as(mia).ask(viewers(10))
    expect((await story.as(mia).send(viewers(1))).status).toBe(429)
    await story.as(max).ask(viewers(10))
    await story.as({ ...mia, project: 'other' }).ask(viewers(10))
  })

  it('pays for each item of a batch, and for each field however it is called', async () => {
    const story = await startStoryForTest(limited)
    const keyId = await createKey(story, max, 'orders')
    const ask = (count: number) => story.as(mia).send(encryptBatch, batchOf(keyId, count))
    expect((await ask(6)).data).toEqual({ encryptBatch: { __typename: 'EncryptBatchPayload' } })
    const refused = await ask(5)
    expect(refused.status).toBe(429)
    expect(refused.data).toBeNull()
    expect(refused.headers.get('retry-after')).toBe(
      String(JSON.parse(refused.text).errors[0].extensions.retryAfterSeconds),
    )
    // The refusal has cost one unit, so that three are left.
    expect((await story.as(mia).send(viewers(4))).status).toBe(429)
    expect((await ask(2)).status).toBe(200)
    expect((await ask(1)).status).toBe(429)
  })

  it('has nothing of the refused request done, whether it accepts application/json only or not', async () => {
    const story = await startStoryForTest(limited)
    const create = (name: string) => `${name}: createUserKey(input: { name: "${name}" }) { __typename }`
    const names = Array.from({ length: 6 }, (_, n) => `key${n}`)
    await story.as(mia).ask(viewers(5))
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(mia)}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ query: `mutation { ${names.map(create).join(' ')} }` }),
    })
    const refused = await readAnswer(response)
    expect([refused.status, refused.data]).toEqual([429, null])
    expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED'])
    const keys = await story.as(max).ask('{ userKeys(first: 50) { nodes { name } } }')
    expect(keys).toEqual({ userKeys: { nodes: [] } })
  })

  it('pays for documents that nobody could execute, too', async () => {
    const story = await startStoryForTest(limited)
    for (let n = 0; n < 10; n++) expect((await story.as(mia).send('{ nothing }')).status).toBe(400)
    expect((await story.as(mia).send('{ nothing }')).status).toBe(429)
  })

  it('learns nothing of keys: the answer is the same for its own, for those of others, and for none', async () => {
    const story = await startStoryForTest(limited)
    const own = await createKey(story, mia, 'own')
    const hidden = await createKey(story, max, 'hidden')
    await story.as(max).mutate('enableAccessControl', { key: hidden, subjects: ['user:max'] })
    await story.restart()
    await story.as(mia).ask(viewers(5))
    const answers: string[] = []
    for (const keyId of [own, hidden, 'ukey_01h455vb4pex5vsknk084sn02q']) {
      const { status, text } = await story.as(mia).send(encryptBatch, batchOf(keyId, 10))
      answers.push(`${status} ${text.replaceAll(/35\d\d|3600/g, 'N')}`)
    }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('RATE_LIMITED')
  })

  it('is told apart in the log and in the metrics', async () => {
    const story = await startStoryForTest({ ...limited, METRICS_PORT: '0' })
    await story.as(mia).ask(viewers(8))
    await story.as(mia).send(viewers(5))
    await story.as(mia).ask(viewers(1))
    await story.as(mia).send(viewers(1))
    const lines = story.logged.map((line) => JSON.parse(line)).filter(({ refusal }) => refusal !== undefined)
    const line = { level: 30, status: 429, outcome: 'RATE_LIMITED', refusal: 'rate' }
    expect(lines).toEqual([expect.objectContaining(line), expect.objectContaining(line)])
    const metrics = await (await fetch(story.app.metricsUrl ?? '')).text()
    expect(metrics).toContain('keystead_requests_refused_total{reason="rate"} 2\n')
    expect(metrics).toContain('keystead_http_requests_total{route="/graphql",status="429"} 2\n')
  })
})

describe('a request that costs more than a caller may ever use', () => {
  it('is refused as one that cannot be repeated, and costs one unit', async () => {
    const story = await startStoryForTest(limited)
    const refused = await story.as(mia).send(viewers(11))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([400, null])
    const message = `The request costs 11 units, and a caller may use ${allowance}. Send it in parts.`
    expect(refused.errors).toEqual([{ message, extensions: { code: 'BAD_REQUEST' } }])
    await story.as(mia).ask(viewers(9))
    expect((await story.as(mia).send(viewers(1))).status).toBe(429)
  })
})
