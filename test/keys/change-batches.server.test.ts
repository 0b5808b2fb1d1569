import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { type BatchableChange, changeInBatch } from '../../src/keys/changing/change-batch.ts'
import { createUserKey, labelUserKeyBatch } from '../../src/keys/changing/user-keys.ts'
import { openTrail } from '../audit/opened-trail.ts'
import { codeOf, type RecordedEvent, readEvents, sendTraced, uuidOf } from '../audit/traced-requests.ts'
import { actions } from '../audit/trail.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { directCall } from '../support/direct-call.ts'
import {
  type Client,
  endStory,
  type Person,
  type Story,
  startStory,
  startStoryForTest,
} from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const singles = ['rotateUserKey', 'labelUserKey', 'deactivateKeyVersion', 'destroyKeyVersion'] as const
type Single = (typeof singles)[number]

const namesVersion = (single: Single) => single.endsWith('Version')
const successOf = (single: Single) => `${single.charAt(0).toUpperCase()}${single.slice(1)}Payload`
const results = 'results { reference result { __typename ... on UserError { code message } } }'

/** Revision and versions of an own key when a batch begins: number 1 is DEACTIVATED, 2 is ACTIVE. */
const firstRevision = 3
const ownKeys = 2

/** An item, of a key by its place: two own keys, and what is out of reach. */
interface ModelItem {
  readonly key: 0 | 1 | 'redacted' | 'redactedName' | 'redactedStandIn' | 'foreign' | 'absent'
  readonly byName: boolean
  readonly number: 1 | 2 | 9
  readonly expectedRevision: null | typeof firstRevision | 1000
  readonly isValid: boolean
}

const modelItem: fc.Arbitrary<ModelItem> = fc.record({
  key: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(0 as const, 1 as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        ...(['redacted', 'redactedName', 'redactedStandIn', 'foreign', 'absent'] as const),
      ),
    },
  ),
  byName: fc.boolean(),
  number: fc.constantFrom(1, 2, 9),
  expectedRevision: fc.constantFrom(null, null, null, firstRevision, 1000),
  isValid: fc.integer({ min: 0, max: 5 }).map((value) => value > 0),
})

/** How an item ends, and its record: which key, which version, and how it ended. */
interface ModelOutcome {
  readonly code: string | null
  readonly key: ModelItem['key'] | null
  readonly version: number | null
}

/** What a batch must answer and record: each item as if it were sent alone, in order, but for a second one of the same. */
class BatchModel {
  readonly #single: Single
  readonly #revisions = Array.from({ length: ownKeys }, () => firstRevision)
  readonly #states = Array.from(
    { length: ownKeys },
    () =>
      new Map([
        [1, 'DEACTIVATED'],
        [2, 'ACTIVE'],
      ]),
  )
  readonly #named = new Set<string>()
  constructor(single: Single) {
    this.#single = single
  }

  run({ key, number, expectedRevision, isValid }: ModelItem): ModelOutcome {
    const version = namesVersion(this.#single) ? number : null
    if (key === 'foreign' || key === 'absent') return { code: 'KEY_NOT_FOUND', key: null, version: null }
    if (key === 'redacted' || key === 'redactedName' || key === 'redactedStandIn') {
      return { code: 'FORBIDDEN', key: 'redacted', version: null }
    }
    const refused = (code: string) => ({ code, key, version })
    const name = `${key} ${version}`
    if (this.#named.has(name)) return refused('INPUT_VALIDATION')
    this.#named.add(name)
    const isChecked = this.#single === 'labelUserKey' || this.#single === 'destroyKeyVersion'
    if (isChecked && !isValid) return refused('INPUT_VALIDATION')
    const revision = this.#revisions[key]
    if (expectedRevision !== null && expectedRevision !== revision) return refused('CONFLICT')
    if (version !== null) {
      const state = this.#states[key]?.get(version)
      if (state === undefined) return refused('KEY_VERSION_NOT_FOUND')
      const [from, to] =
        this.#single === 'deactivateKeyVersion'
          ? ['ACTIVE', 'DEACTIVATED']
          : ['DEACTIVATED', 'DESTROY_SCHEDULED']
      if (state !== from) return refused('INVALID_KEY_STATE')
      this.#states[key]?.set(version, to ?? '')
    }
    this.#revisions[key] = (revision ?? 0) + 1
    return { code: null, key, version: this.#single === 'rotateUserKey' ? 3 : version }
  }
}

describe.skipIf(hasNoDatabase())('a batch of changes', () => {
  let story: Story
  let client: Client
  const outOfReach = { redacted: '', redactedName: 'closed', redactedStandIn: '', foreign: '', absent: '' }
  /** Records that the batches must leave, by request, in the order in which they were sent. */
  const expected: { requestId: string; events: object[] }[] = []

  const create = async (person: Person, input: object): Promise<string> =>
    (await story.as(person).mutate('createUserKey', input, 'userKey { id }'))['userKey'].id

  beforeAll(async () => {
    story = await startStory()
    client = story.as(mia)
    outOfReach.foreign = await create({ ...mia, project: 'bank' }, { name: 'foreign' })
    const accessControl = { enabled: true, allowedSubjects: [] }
    const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
    outOfReach.redacted = await create(owner, { name: outOfReach.redactedName, accessControl })
    const { userKey } = await client.ask<{ userKey: { id: string } }>('{ userKey(key: "closed") { id } }')
    outOfReach.redactedStandIn = userKey.id
    outOfReach.absent = formatId('userKey', newUuid())
  })
  afterAll(() => endStory(story))

  let made = 0
  /** A key with a DEACTIVATED version 1 and an ACTIVE version 2. */
  async function createOwn(): Promise<{ id: string; name: string }> {
    const name = `own-${++made}`
    const id = await create(mia, { name })
    await client.mutate('rotateUserKey', { key: id })
    await client.mutate('deactivateKeyVersion', { version: { key: id, number: 1 } })
    return { id, name }
  }

  function inputOf(single: Single, key: string, { number, expectedRevision, isValid }: ModelItem): object {
    const common = { expectedRevision }
    if (single === 'rotateUserKey') return { key, ...common }
    if (single === 'labelUserKey')
      return { key, ...common, set: [{ name: isValid ? 'team' : '', value: 'ops' }] }
    if (single === 'deactivateKeyVersion') return { version: { key, number }, ...common }
    return { version: { key, number }, ...common, waitingPeriodDays: isValid ? 7 : 31 }
  }

  it('answers each item as if it were alone, in order, whatever the others are', {
    timeout: 60_000,
  }, async () => {
    const seen = new Set<string>()
    const batch = fc.record({
      single: fc.constantFrom(...singles),
      items: fc.array(modelItem, { minLength: 1, maxLength: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(batch, async ({ single, items }) => {
        const own = await Promise.all(Array.from({ length: ownKeys }, createOwn))
        const keyOf = ({ key, byName }: ModelItem) => {
          if (typeof key === 'string') return outOfReach[key]
          return (byName ? own[key]?.name : own[key]?.id) ?? ''
        }
        const model = new BatchModel(single)
        const outcomes = items.map((item) => model.run(item))
        const given = items.map((item, index) => ({
          reference: `item ${index}`,
          ...inputOf(single, keyOf(item), item),
        }))
        const sent = await sendTraced(story, mia, {
          name: `${single}Batch`,
          input: { items: given },
          selection: results,
        })
        expect(codeOf(sent)).toBeNull()
        expect(sent.result['results']).toEqual(
          outcomes.map(({ code }, index) => ({
            reference: `item ${index}`,
            result:
              code === null
                ? { __typename: successOf(single) }
                : { __typename: expect.stringMatching(/Error$/), code, message: expect.any(String) },
          })),
        )
        const idOf = (key: ModelOutcome['key']) => {
          if (key === null) return null
          return uuidOf(typeof key === 'number' ? (own[key]?.id ?? '') : outOfReach.redacted)
        }
        expected.push({
          requestId: sent.requestId,
          events: outcomes.map(({ code, key, version }) => ({
            action: actions[single],
            outcome: code === null ? 'SUCCEEDED' : code === 'FORBIDDEN' ? 'DENIED' : 'FAILED',
            error_code: code,
            project_id: 'shop',
            actor: 'user:mia',
            token_id: sent.tokenId,
            key_id: idOf(key),
            version_number: version,
          })),
        })
        for (const { code } of outcomes) seen.add(`${single} ${code}`)
      }),
      { numRuns: 30, seed: 23, endOnFailure: true },
    )
    // What a run that finds nothing has tried.
    const tried = ['null', 'INPUT_VALIDATION', 'CONFLICT', 'FORBIDDEN', 'KEY_NOT_FOUND']
    const ofVersions = ['INVALID_KEY_STATE', 'KEY_VERSION_NOT_FOUND']
    for (const single of singles) {
      const codes = namesVersion(single) ? [...tried, ...ofVersions] : tried
      for (const code of codes) expect(seen).toContain(`${single} ${code}`)
    }
  })

  it('says of a second item for the same key which item was the first, by whatever name', async () => {
    const { id, name } = await createOwn()
    await client.mutate('createAlias', { key: id, alias: `alias-${name}` })
    const items = [name, id, `alias-${name}`].map((key) => ({ key }))
    const answer = await client.mutate(
      'rotateUserKeyBatch',
      { items: [{ key: outOfReach.absent }, ...items] },
      'results { result { __typename ... on InputValidationError { message issues { path } } } }',
    )
    const second = {
      __typename: 'InputValidationError',
      message:
        'The input is not valid: key must not be the same key as that of items.1; a batch changes each once.',
      issues: [{ path: ['key'] }],
    }
    expect(answer['results']).toEqual([
      { result: { __typename: 'KeyNotFoundError' } },
      { result: { __typename: 'RotateUserKeyPayload' } },
      { result: second },
      { result: second },
    ])
  })

  it('is refused whole, with one record, for too few items, too many, or a caller who may manage no key', async () => {
    const itemsOf = (count: number) => ({ items: Array.from({ length: count }, () => ({ key: 'none' })) })
    const refuse = async (person: Person, count: number, code: string) => {
      const sent = await sendTraced(story, person, { name: 'rotateUserKeyBatch', input: itemsOf(count) })
      expect(codeOf(sent)).toBe(code)
      const outcome = code === 'FORBIDDEN' ? 'DENIED' : 'FAILED'
      expected.push({
        requestId: sent.requestId,
        events: [{ action: 'ROTATE_KEY', outcome, error_code: code, key_id: null, version_number: null }],
      })
      return sent.result['message']
    }
    expect(await refuse(mia, 101, 'INPUT_VALIDATION')).toBe(
      'The input is not valid: items must have 1 to 100 entries.',
    )
    await refuse(mia, 0, 'INPUT_VALIDATION')
    await refuse({ name: 'rita', roles: ['PROJECT_READER', 'KMS_USER'] }, 101, 'FORBIDDEN')
    await refuse({ name: 'rita', roles: ['PROJECT_READER', 'KMS_USER'] }, 1, 'FORBIDDEN')
    // Lists that are far too long are not read.
    const unread = await sendTraced(story, mia, { name: 'rotateUserKeyBatch', input: itemsOf(201) })
    expect(unread.answer.errors).toMatchObject([
      {
        message: 'The input is not valid: items must have at most 100 entries, got 201.',
        extensions: { code: 'INPUT_VALIDATION' },
      },
    ])
    expected.push({ requestId: unread.requestId, events: [] })
  })

  it('may have 100 items, and is done for the keys among them that are there', async () => {
    const { id } = await createOwn()
    const items = Array.from({ length: 100 }, (_, index) => ({ key: index === 99 ? id : `no-key-${index}` }))
    const set = [{ name: 'stage', value: 'test' }]
    const sent = await client.mutate(
      'labelUserKeyBatch',
      { items: items.map((item) => ({ ...item, set })) },
      'results { result { __typename ... on LabelUserKeyPayload { userKey { id revision labels { name value } } } } }',
    )
    const userKey = { id, revision: firstRevision + 1, labels: set }
    expect(sent['results']).toEqual([
      ...Array.from({ length: 99 }, () => ({ result: { __typename: 'KeyNotFoundError' } })),
      { result: { __typename: 'LabelUserKeyPayload', userKey } },
    ])
  })

  it('takes as many statements as its items alone', async () => {
    const own = await Promise.all(Array.from({ length: 4 }, createOwn))
    const set = [{ name: 'stage', value: 'test' }]
    const takeOf = async (name: string, input: object) => {
      // Fills the cache.
      for (const { id } of own)
        await client.ask(`{ explainMyAccess(key: "${id}", operation: MANAGE) { allowed } }`)
      story.takeStatements()
      await client.mutate(name, input)
      return story.takeStatements().length
    }
    const [first, ...others] = own.map(({ id }) => ({ key: id, set }))
    const ofOne = await takeOf('labelUserKey', first ?? {})
    expect(ofOne).toBeGreaterThan(3)
    expect(await takeOf('labelUserKeyBatch', { items: others })).toBeLessThanOrEqual(3 * ofOne)
  })

  it('puts exactly one record of each item on record, and one of each refusal of a whole batch', async () => {
    expect(expected.length).toBeGreaterThan(30)
    const events = Map.groupBy(await readEvents(story), ({ request_id }) => request_id)
    // Records of different keys are in any order.
    const inOrder = (each: readonly object[]) =>
      each.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0))
    const placeOf = (event: object) => {
      const { key_id, version_number, error_code } = event as Partial<RecordedEvent>
      return JSON.stringify([key_id, version_number, error_code])
    }
    for (const { requestId, events: of } of expected) {
      const recorded = events.get(requestId) ?? []
      expect(recorded, requestId).toHaveLength(of.length)
      expect(inOrder(recorded), requestId).toMatchObject(inOrder(of))
    }
  })
})

describe.skipIf(hasNoDatabase())('a batch of changes whose request goes wrong', () => {
  it('leaves done what was done where the rate limit ends, and says so of the other items', async () => {
    const settings = { RATE_LIMIT_UNITS: '500', RATE_LIMIT_WINDOW_SECONDS: '3600' }
    const story = await startStoryForTest(settings)
    const names = Array.from({ length: 12 }, (_, index) => `signing-${index}`)
    const creator = story.as({ name: 'max', roles: ['KMS_MANAGER'] })
    for (const name of names) {
      const input = { name, algorithm: 'EC_P521', usage: 'SIGN_VERIFY' }
      expect((await creator.mutate('createUserKey', input)).__typename).toBe('CreateUserKeyPayload')
    }
    const rotate = () =>
      sendTraced(story, mia, {
        name: 'rotateUserKeyBatch',
        input: { items: names.map((key) => ({ key })) },
        selection: results,
      })
    // One unit for each item, and 25 more for material of this algorithm.
    const [first, second] = [await rotate(), await rotate()]
    expect(first.answer.errors).toEqual([])
    const done = 7
    const outcomes = (second.result['results'] as { result: { __typename: string } | null }[]).map(
      ({ result }) => result?.__typename ?? null,
    )
    expect(outcomes.filter((outcome) => outcome === 'RotateUserKeyPayload')).toHaveLength(done)
    expect(outcomes.filter((outcome) => outcome === null)).toHaveLength(names.length - done)
    const limited = outcomes.flatMap((outcome, index) => (outcome === null ? [index] : []))
    const failed = second.answer.errors.toSorted((a, b) => Number(a.path?.[2]) - Number(b.path?.[2]))
    expect(failed).toMatchObject(
      limited.map((index) => ({
        path: ['result', 'results', index, 'result'],
        extensions: { code: 'RATE_LIMITED' },
      })),
    )
    const events = (await readEvents(story)).filter(({ request_id }) => request_id === second.requestId)
    expect(events).toHaveLength(done)
    expect(new Set(events.map(({ outcome }) => outcome))).toEqual(new Set(['SUCCEEDED']))
  })

  it('begins no further item once the client has gone, and each item that was done is on record', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const { parts, close } = await openTrail(story)
    try {
      const items = Array.from({ length: 30 }, (_, index) => ({
        key: `key-${index}`,
        set: [{ name: 'team', value: 'ops' }],
      }))
      for (const { key } of items) await createUserKey(parts, directCall, { name: key, preActivation: true })
      const client = new AbortController()
      let done = 0
      const batch: typeof labelUserKeyBatch = {
        ...labelUserKeyBatch,
        async change(...given) {
          const changed = await labelUserKeyBatch.change(...given)
          if (++done === 5) client.abort(new Error('the client is gone'))
          return changed
        },
      }
      const call = { ...directCall, signal: client.signal }
      await expect(changeInBatch(parts, call, batch, items)).rejects.toThrow('the client is gone')
      expect(done).toBeLessThan(10)
      const [recorded] = await parts.store.db.$queryRawUnsafe<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM audit_events WHERE action = 'LABEL_USER_KEY'`,
      )
      expect(recorded).toEqual({ count: done })
    } finally {
      await close()
    }
  })

  it('runs four keys at once, and the items of one key in their order', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const { parts, close } = await openTrail(story)
    try {
      const keys = Array.from({ length: 6 }, (_, index) => `key-${index}`)
      for (const name of keys) await createUserKey(parts, directCall, { name, preActivation: true })
      const running: string[] = []
      const begun: string[] = []
      let most = 0
      const batch: BatchableChange<{ version: { key: string; number: number } }, number> = {
        action: 'DEACTIVATE_KEY_VERSION',
        naming: 'version',
        async change(_parts, _call, { version: { key, number } }) {
          expect(running).not.toContain(key)
          running.push(key)
          begun.push(`${key} ${number}`)
          most = Math.max(most, running.length)
          await new Promise((resolve) => setImmediate(resolve))
          running.splice(running.indexOf(key), 1)
          return number
        },
      }
      const items = [1, 2, 3].flatMap((number) => keys.map((key) => ({ version: { key, number } })))
      expect(await changeInBatch(parts, directCall, batch, items)).toEqual(
        items.map(({ version: { number } }) => number),
      )
      expect(most).toBe(4)
      for (const key of keys) {
        expect(begun.filter((each) => each.startsWith(`${key} `))).toEqual(
          [1, 2, 3].map((n) => `${key} ${n}`),
        )
      }
    } finally {
      await close()
    }
  })
})
