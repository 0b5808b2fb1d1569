import { describe, expect, it, vi } from 'vitest'
import { createHeldSlowWork } from '../support/held-slow-work.ts'
import { base64, type Person, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER', 'PROJECT_ADMIN'] }
const rsa = { algorithm: 'RSA_2048', usage: 'SIGN_VERIFY' }
const createTwo =
  'mutation($first: CreateUserKeyInput!, $second: CreateUserKeyInput!) { first: createUserKey(input: $first) { __typename } second: createUserKey(input: $second) { __typename } }'
const signBatch =
  'mutation($input: SignBatchInput!) { signBatch(input: $input) { ... on SignBatchPayload { results { result { __typename } } } } }'

async function send(story: Story, query: string, variables: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${story.app.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await story.tokenFor(mia)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    ...(signal && { signal }),
  })
}

async function namesOf(story: Story): Promise<string[]> {
  const answer = await story.as(mia).send('{ userKeys { nodes { name } } }')
  return answer.data.userKeys.nodes.map(({ name }: { name: string }) => name)
}

/** Actions on record with their outcomes, oldest first. */
async function trailOf(story: Story): Promise<string[]> {
  const answer = await story.as(mia).send('{ auditEvents(first: 100) { nodes { action outcome } } }')
  return answer.data.auditEvents.nodes
    .map(({ action, outcome }: { action: string; outcome: string }) => `${action} ${outcome}`)
    .reverse()
}

describe.each([
  ['whose client has gone', {}],
  ['that has timed out', { REQUEST_TIMEOUT_MS: '3000' }],
] as const)('a request %s', (_, settings) => {
  /** Sends a request that waits for slow work, and returns once nobody waits for its answer and its queue is empty. */
  async function sendAndAbandon(story: Story, query: string, variables: object, until: () => boolean) {
    const client = new AbortController()
    const sent = send(story, query, variables, client.signal).then(
      ({ status }) => status,
      () => null,
    )
    await vi.waitUntil(until, { timeout: 30_000, interval: 5 })
    if (!('REQUEST_TIMEOUT_MS' in settings)) client.abort()
    expect(await sent).toBe('REQUEST_TIMEOUT_MS' in settings ? 503 : null)
  }

  it('generates no key and begins no further mutation', async () => {
    const held = createHeldSlowWork()
    const story = await startStoryForTest(settings, { slowWork: held })
    held.hold()
    const slot = Promise.withResolvers<void>()
    const other = held.for({ project: 'other', caller: 'other', signal: null })('LONG', () => slot.promise)
    held.letGo(1)
    const input = { first: { name: 'first', ...rsa }, second: { name: 'second' } }
    await sendAndAbandon(story, createTwo, input, () => held.load.LONG.waiting === 1)
    // The slot is still taken: what waited for it has left the queue.
    await vi.waitUntil(() => held.load.LONG.waiting === 0, { timeout: 30_000, interval: 5 })
    held.takeStarted()
    held.letGo(Number.POSITIVE_INFINITY)
    slot.resolve()
    await other
    expect(await namesOf(story)).toEqual([])
    expect(held.takeStarted()).toEqual([])
    expect(await trailOf(story)).toEqual([])
    expect(story.logged.filter((line) => JSON.parse(line).level >= 50)).toEqual([])
  })

  it('makes no key of material that was being generated when it was abandoned', async () => {
    const held = createHeldSlowWork()
    const story = await startStoryForTest(settings, { slowWork: held })
    held.hold()
    const input = { first: { name: 'first', ...rsa }, second: { name: 'second' } }
    await sendAndAbandon(story, createTwo, input, () => held.load.LONG.running === 1)
    held.letGo(Number.POSITIVE_INFINITY)
    await vi.waitUntil(() => held.load.LONG.running === 0, { timeout: 30_000, interval: 5 })
    expect(await namesOf(story)).toEqual([])
    expect(await trailOf(story)).toEqual([])
  })

  it('drops the items of a batch that have not begun, and has those on record that were done', async () => {
    const held = createHeldSlowWork()
    const story = await startStoryForTest(settings, { slowWork: held })
    const created = await story.as(mia).mutate('createUserKey', { name: 'rsa', ...rsa }, 'userKey { id }')
    const item = { key: created['userKey'].id, message: base64('message') }
    const cold = await send(story, signBatch, { input: { items: [item] } })
    expect(cold.status).toBe(200)
    held.takeStarted()
    held.hold()
    held.letGo(1)
    const input = { items: Array.from({ length: 5 }, () => item) }
    // The first item is done, the second has the slot, and the others wait.
    await sendAndAbandon(story, signBatch, { input }, () => held.load.SHORT.waiting === 3)
    await vi.waitUntil(() => held.load.SHORT.waiting === 0, { timeout: 30_000, interval: 5 })
    held.letGo(Number.POSITIVE_INFINITY)
    await vi.waitUntil(async () => (await trailOf(story)).length === 4, { timeout: 30_000, interval: 50 })
    expect(held.takeStarted()).toEqual(['SHORT', 'SHORT'])
    expect(await trailOf(story)).toEqual([
      'CREATE_USER_KEY SUCCEEDED',
      'SIGN SUCCEEDED',
      'SIGN SUCCEEDED',
      'SIGN SUCCEEDED',
    ])
  })
})
