import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const owner: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
/** Sees each key in full; some keys only; only what everybody sees; as a service, only the keys on whose list it is. */
const people = {
  eve: { name: 'eve', roles: ['KMS_VIEWER'] },
  max: { name: 'max', roles: ['KMS_VIEWER'], groups: ['staff'] },
  ada: { name: 'ada', roles: ['PROJECT_ADMIN'] },
  agent: { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_VIEWER'] },
} as const satisfies Record<string, Person>
type PersonName = keyof typeof people
const subjects: Record<PersonName, readonly string[]> = {
  eve: ['user:eve'],
  max: ['user:max', 'group:staff'],
  ada: ['user:ada'],
  agent: ['service-agent:Backup'],
}

/** More than are looked at before the index of a filter is asked, for pages of few keys. */
const count = 100

const words = ['Orders', 'Ärger', 'ΣΊΣΥΦΟΣ', 'РОЗЫ', '注文書', 'ab', '%_\\']
const algorithms = ['AES_256_GCM', 'CHACHA20_POLY1305', 'ED25519', 'HMAC_SHA256']

const everything = `name description aliases owner { id } createdBy { id } createdAt status type usage algorithm origin
  nextRotationAt accessControlEnabled automaticRotation { enabled } labels { name value } allowedSubjects { id }
  canProtect defaultVersion { encryptionUsage { nearLimit } }
  versions(first: 5) { nodes { versionStatus destroyScheduledFor lastUsedAt } }`

interface Version {
  readonly versionStatus: string
  readonly destroyScheduledFor: string | null
  readonly lastUsedAt: string | null
}

/** A key as who sees everything sees it. */
interface Key {
  readonly name: string
  readonly description: string
  readonly aliases: readonly string[]
  readonly owner: { readonly id: string }
  readonly createdBy: { readonly id: string }
  readonly createdAt: string
  readonly status: string
  readonly type: string
  readonly usage: string
  readonly algorithm: string
  readonly origin: string
  readonly nextRotationAt: string | null
  readonly accessControlEnabled: boolean
  readonly automaticRotation: { readonly enabled: boolean }
  readonly labels: readonly { readonly name: string; readonly value: string }[]
  readonly allowedSubjects: readonly { readonly id: string }[]
  readonly canProtect: boolean
  readonly defaultVersion: { readonly encryptionUsage: { readonly nearLimit: boolean } | null } | null
  readonly versions: { readonly nodes: readonly Version[] }
}

interface Filter {
  readonly search?: string
  readonly labels?: readonly { readonly name: string; readonly value?: string }[]
  readonly owner?: string
  readonly createdBy?: string
  readonly namePrefix?: string
  readonly accessControlEnabled?: boolean
  readonly createdAfter?: string
  readonly status?: readonly string[]
  readonly type?: string
  readonly usage?: string
  readonly algorithm?: readonly string[]
  readonly origin?: string
  readonly versionStatus?: readonly string[]
  readonly automaticRotationEnabled?: boolean
  readonly nextRotationBefore?: string
  readonly destructionScheduledBefore?: string
  readonly unusedSince?: string
  readonly neverUsed?: boolean
  readonly canProtect?: boolean
  readonly nearEncryptionLimit?: boolean
}

interface OrderBy {
  readonly field: 'NAME' | 'CREATED_AT' | 'NEXT_ROTATION' | 'LAST_USE'
  readonly direction: 'ASC' | 'DESC'
}

function isSeen(key: Key, person: PersonName): boolean {
  const isListed = [key.owner, ...key.allowedSubjects].some(({ id }) => subjects[person].includes(id))
  return isListed || (!key.accessControlEnabled && person !== 'agent')
}

const lastUseOf = ({ versions }: Key): string | null =>
  versions.nodes
    .map(({ lastUsedAt }) => lastUsedAt)
    .filter((at) => at !== null)
    .sort()
    .at(-1) ?? null

const isNearLimit = ({ canProtect, defaultVersion }: Key): boolean =>
  canProtect && defaultVersion?.encryptionUsage?.nearLimit === true

/** What a redacted key shows decides, and nothing else. */
const visibleConditions: { [Name in keyof Filter]?: (key: Key, wanted: never) => boolean } = {
  namePrefix: ({ name }, prefix: string) => name.startsWith(prefix),
  accessControlEnabled: (key, wanted: boolean) => key.accessControlEnabled === wanted,
  createdBy: (key, wanted: string) => key.createdBy.id === wanted,
  createdAfter: ({ createdAt }, moment: string) => createdAt > moment,
}

const hiddenConditions: { [Name in keyof Filter]?: (key: Key, wanted: never) => boolean } = {
  labels: (key, wanted: NonNullable<Filter['labels']>) =>
    wanted.every(({ name, value }) =>
      key.labels.some((label) => label.name === name && (value === undefined || label.value === value)),
    ),
  owner: (key, wanted: string) => key.owner.id === wanted,
  status: ({ status }, among: readonly string[]) => among.includes(status),
  type: ({ type }, wanted: string) => type === wanted,
  usage: ({ usage }, wanted: string) => usage === wanted,
  algorithm: ({ algorithm }, among: readonly string[]) => among.includes(algorithm),
  origin: ({ origin }, wanted: string) => origin === wanted,
  versionStatus: ({ versions }, among: readonly string[]) =>
    versions.nodes.some(({ versionStatus }) => among.includes(versionStatus)),
  automaticRotationEnabled: ({ automaticRotation }, wanted: boolean) => automaticRotation.enabled === wanted,
  nextRotationBefore: ({ nextRotationAt }, moment: string) =>
    nextRotationAt !== null && nextRotationAt < moment,
  destructionScheduledBefore: ({ versions }, moment: string) =>
    versions.nodes.some(
      ({ destroyScheduledFor }) => destroyScheduledFor !== null && destroyScheduledFor < moment,
    ),
  unusedSince: (key, moment: string) => (lastUseOf(key) ?? key.createdAt) < moment,
  neverUsed: (key, wanted: boolean) => (lastUseOf(key) === null) === wanted,
  canProtect: ({ canProtect }, wanted: boolean) => canProtect === wanted,
  nearEncryptionLimit: (key, wanted: boolean) => isNearLimit(key) === wanted,
}

const textsOf = ({ description, aliases, labels }: Key): readonly string[] => [
  description,
  ...aliases,
  ...labels.flatMap(({ name, value }) => [name, value]),
]

/** Without case: character by character, so that a part of a text is folded as the whole is. */
const folded = (text: string): string =>
  Array.from(text, (character) => character.toLowerCase())
    .join('')
    .replaceAll('ς', 'σ')

function matches(key: Key, filter: Filter, person: PersonName): boolean {
  const seen = isSeen(key, person)
  if (person === 'agent' && !seen) return false
  return Object.entries(filter).every(([field, wanted]) => {
    if (field === 'search') {
      const texts = [key.name, ...(seen ? textsOf(key) : [])]
      return texts.some((text) => folded(text).includes(folded(wanted.trim())))
    }
    const visible = visibleConditions[field as keyof Filter]
    if (visible !== undefined) return visible(key, wanted as never)
    return seen && hiddenConditions[field as keyof Filter]?.(key, wanted as never) === true
  })
}

/** The names in the order that the documents promise. */
function listInMemory(
  keys: readonly Key[],
  filter: Filter,
  { field, direction }: OrderBy,
  person: PersonName,
) {
  const sign = direction === 'ASC' ? 1 : -1
  const orderValueOf = (key: Key): string | null => {
    if (field === 'NAME') return ''
    if (field === 'CREATED_AT') return key.createdAt
    if (!isSeen(key, person)) return null
    return field === 'NEXT_ROTATION' ? key.nextRotationAt : lastUseOf(key)
  }
  const compareText = (a: string, b: string) => Number(a > b) - Number(a < b)
  return keys
    .filter((key) => matches(key, filter, person))
    .sort((a, b) => {
      const [one, other] = [orderValueOf(a), orderValueOf(b)]
      if ((one === null) !== (other === null)) return one === null ? 1 : -1
      return sign * (compareText(one ?? '', other ?? '') || compareText(a.name, b.name))
    })
    .map(({ name }) => name)
}

const page = `query($filter: UserKeyFilter, $orderBy: UserKeyOrder, $first: Int, $last: Int, $after: String, $before: String) {
  userKeys(filter: $filter, orderBy: $orderBy, first: $first, last: $last, after: $after, before: $before) {
    nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
}`

interface NamePage {
  readonly nodes: readonly { readonly name: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** All pages of a list, one after the other, from its start or from its end. */
async function walk(client: Client, variables: object, size: number, backward: boolean): Promise<string[]> {
  const names: string[] = []
  for (let cursor: string | null = null; ; ) {
    const bounds: object = backward ? { last: size, before: cursor } : { first: size, after: cursor }
    const { userKeys }: { userKeys: NamePage } = await client.ask(page, { ...variables, ...bounds })
    const found = userKeys.nodes.map(({ name }) => name)
    if (backward) names.unshift(...found)
    else names.push(...found)
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = userKeys.pageInfo
    cursor = backward ? startCursor : endCursor
    if (!(backward ? hasPreviousPage : hasNextPage)) return names
  }
}

const upcoming = `query($until: DateTime!, $first: Int, $after: String) {
  upcomingEvents(until: $until, first: $first, after: $after) {
    totalCount nodes { kind at key { name } version { number } } pageInfo { hasNextPage endCursor }
  }
}`

interface EventPage {
  readonly totalCount: number
  readonly nodes: readonly object[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

describe.skipIf(hasNoDatabase())('lists of keys', () => {
  let story: Story
  let keys: readonly Key[]
  let moments: readonly string[]

  beforeAll(async () => {
    story = await startStory()
    const olga = story.as(owner)
    const at: string[] = []
    const note = () => at.push(story.clock.now().toISOString())
    const made: { id: string; index: number }[] = []
    for (let index = 0; index < count; index++) {
      if (index % 3 === 0) story.clock.advance({ minutes: 7 })
      if (index % 40 === 0) note()
      const isImported = index % 29 === 0
      const isRare = index < 4
      const { userKey } = await story.as({ ...owner, name: index % 7 === 0 ? 'omar' : 'olga' }).mutate(
        'createUserKey',
        {
          name: `${isRare ? 'rare' : 'k'}-${(index * 37) % count}-${index % 5}`,
          description: index % 4 === 0 ? '' : `${words[index % words.length]} ${index % 11}`,
          algorithm: isImported ? 'AES_256_GCM' : algorithms[index % algorithms.length],
          ...(isImported ? { origin: 'EXTERNAL' } : {}),
          ...(index % 3 === 1 && !isImported
            ? { automaticRotation: { enabled: true, cycleDays: 1 + (index % 9) } }
            : {}),
          labels: [
            { name: 'team', value: `t${index % 6}` },
            ...(index % 10 === 0 ? [{ name: 'Straße', value: words[index % words.length] }] : []),
          ],
          accessControl: {
            enabled: index % 2 === 0,
            ...(index % 2 === 0
              ? {
                  allowedSubjects: [
                    'user:eve',
                    ...(index % 8 === 0 ? ['group:staff'] : []),
                    ...(index % 12 === 0 ? ['service-agent:Backup'] : []),
                  ],
                }
              : {}),
          },
        },
        'userKey { id }',
      )
      made.push({ id: userKey.id, index })
      if (index % 6 === 0) await olga.mutate('createAlias', { key: userKey.id, alias: `alias-${index}` })
      if (index % 14 === 5)
        await olga.mutate('transferOwnership', {
          key: userKey.id,
          to: index % 28 === 5 ? 'user:max' : 'group:staff',
        })
    }
    // Some are used at the same moment, some later, most of them never.
    for (const { id, index } of made) {
      if (index % 5 !== 0) continue
      if (index % 15 === 0) story.clock.advance({ hours: 1 })
      if (index % 45 === 0) note()
      const encrypt = await olga.mutate('encrypt', { key: id, plaintext: 'aGVsbG8=' })
      if (encrypt.__typename === 'EncryptPayload') continue
      await olga.mutate('generateMac', { key: id, message: 'aGVsbG8=' })
    }
    await story.app.housekeeping.runOnce()
    await story.sql(`UPDATE key_version_usage SET encryptions = ${2 ** 32 - 9} FROM keys
      WHERE keys.id = key_id AND encryptions > 0 AND name ~ '^(rare|k)-[0-9]*[05]-'`)
    for (const { id, index } of made) {
      if (index % 13 > 2 || index % 29 === 0) continue
      const version = { key: id, number: 1 }
      await olga.mutate('deactivateKeyVersion', { version })
      if (index % 13 === 0) await olga.mutate('rotateUserKey', { key: id })
      if (index % 13 > 0)
        await olga.mutate('destroyKeyVersion', { version, waitingPeriodDays: [1, 5, 30][index % 3] })
    }
    // The waiting period of some has ended, and nothing was swept.
    story.clock.advance({ days: 2 })
    note()
    const rows = await story
      .as(people.eve)
      .ask<{ userKeys: { nodes: Key[] } }>(`{ userKeys(first: 200) { nodes { ${everything} } } }`)
    keys = rows.userKeys.nodes
    // Some of each sort, and a key near the limit that no longer counts, since it can no longer encrypt.
    expect(
      new Set(keys.map((key) => `${key.canProtect} ${isNearLimit(key)} ${lastUseOf(key) === null}`)),
    ).toEqual(
      new Set([
        'true false true',
        'true false false',
        'true true false',
        'false false true',
        'false false false',
      ]),
    )
    expect(keys.some((key) => !key.canProtect && key.defaultVersion?.encryptionUsage?.nearLimit)).toBe(true)
    const ahead = [1, 3, 20, 40].map((days) =>
      new Date(story.clock.now().getTime() + days * 86_400_000).toISOString(),
    )
    moments = [...at, ...ahead]
  }, 120_000)
  afterAll(() => endStory(story))

  /** Conditions that match nothing, few, many, and that do so for some callers only. */
  function filters(): fc.Arbitrary<Filter> {
    const moment = fc.constantFrom(...moments)
    const label = fc.oneof(
      fc.record({ name: fc.constantFrom('team', 'Straße', 'strasse') }),
      fc.record({
        name: fc.constantFrom('team', 'Straße'),
        value: fc.constantFrom('t1', 'T1', 't5', ...words),
      }),
    )
    const subject = fc.constantFrom('user:olga', 'user:omar', 'user:max', 'group:staff', 'user:nobody')
    const search = fc.oneof(
      fc.constantFrom(
        'rare',
        'RARE-',
        'k',
        'ä',
        'ärger',
        'Σίσυφος',
        'розы',
        '注',
        '文書',
        'alias-6',
        'T4',
        'STRASSE',
        'straße',
        '%',
        '_\\',
        ' k-1 ',
        'zzz',
      ),
      fc
        .constantFrom(
          ...keys.flatMap((key) => [key.name, ...textsOf(key)].filter((text) => text.trim() !== '')),
        )
        .chain((text) =>
          fc
            .tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 6 }))
            .map(([from, length]) => [...text].slice(from, from + length).join(''))
            .filter((part) => part.trim() !== ''),
        ),
    )
    return fc
      .record(
        {
          search,
          labels: fc.array(label, { maxLength: 2 }),
          owner: subject,
          createdBy: subject,
          namePrefix: fc.constantFrom('k-', 'k-1', 'rare'),
          accessControlEnabled: fc.boolean(),
          createdAfter: moment,
          status: fc.subarray(['PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED']),
          type: fc.constantFrom('SYMMETRIC', 'ASYMMETRIC'),
          usage: fc.constantFrom('ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC'),
          algorithm: fc.subarray(algorithms),
          origin: fc.constantFrom('KEYSTEAD', 'EXTERNAL'),
          versionStatus: fc.subarray(['ACTIVE', 'DEACTIVATED', 'DESTROY_SCHEDULED', 'DESTROYED']),
          automaticRotationEnabled: fc.boolean(),
          nextRotationBefore: moment,
          destructionScheduledBefore: moment,
          unusedSince: moment,
          neverUsed: fc.boolean(),
          canProtect: fc.boolean(),
          nearEncryptionLimit: fc.boolean(),
        },
        { requiredKeys: [] },
      )
      .chain((all) => fc.subarray(Object.entries(all), { maxLength: 2 }).map(Object.fromEntries))
  }

  const orders = fc.record({
    field: fc.constantFrom('NAME', 'CREATED_AT', 'NEXT_ROTATION', 'LAST_USE'),
    direction: fc.constantFrom('ASC', 'DESC'),
  }) as fc.Arbitrary<OrderBy>
  const persons = fc.constantFrom('eve', 'max', 'ada', 'agent') as fc.Arbitrary<PersonName>

  it('have in each order, and page by page, the keys that a filter matches in memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        persons,
        filters(),
        orders,
        fc.constantFrom(1, 2, 60),
        fc.boolean(),
        async (person, filter, orderBy, size, backward) => {
          const expected = listInMemory(keys, filter, orderBy, person)
          // Few requests for long lists.
          const step = Math.max(size, Math.ceil(expected.length / 6))
          const found = await walk(story.as(people[person]), { filter, orderBy }, step, backward)
          expect(found).toEqual(expected)
        },
      ),
      { numRuns: 120 },
    )
  }, 120_000)

  it('are counted as they are listed, redacted keys apart', async () => {
    await fc.assert(
      fc.asyncProperty(persons, filters(), async (person, filter) => {
        const matching = keys.filter((key) => matches(key, filter, person))
        const { userKeys, userKeyCounts } = await story.as(people[person]).ask<{
          userKeys: { totalCount: number }
          userKeyCounts: object
        }>(
          `query($filter: UserKeyFilter) { userKeys(filter: $filter, first: 0) { totalCount }
            userKeyCounts(filter: $filter) { total redacted byStatus { status count } } }`,
          { filter },
        )
        const seen = matching.filter((key) => isSeen(key, person))
        expect(userKeys.totalCount).toBe(matching.length)
        expect(userKeyCounts).toEqual({
          total: matching.length,
          redacted: matching.length - seen.length,
          byStatus: ['PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED'].map((status) => ({
            status,
            count: seen.filter((key) => key.status === status).length,
          })),
        })
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('of what is due are in order of time, with the keys that the caller sees in full', async () => {
    const now = story.clock.now().toISOString()
    await fc.assert(
      fc.asyncProperty(
        persons,
        fc.constantFrom(1, 4, 50),
        fc.constantFrom(3, 20),
        async (person, first, days) => {
          const until = new Date(story.clock.now().getTime() + days * 86_400_000).toISOString()
          const expected = keys
            .filter((key) => isSeen(key, person))
            .flatMap((key) => [
              ...(key.nextRotationAt === null
                ? []
                : [{ kind: 'ROTATION', at: key.nextRotationAt, key: { name: key.name }, version: null }]),
              ...key.versions.nodes.flatMap(({ destroyScheduledFor: at }) =>
                at === null || at <= now
                  ? []
                  : [{ kind: 'DESTRUCTION', at, key: { name: key.name }, version: { number: 1 } }],
              ),
            ])
            .filter(({ at }) => at <= until)
            .sort((a, b) => {
              const [one, other] = [a, b].map(
                ({ at, kind, key }) => `${at} ${kind === 'ROTATION' ? 0 : 1} ${key.name}`,
              )
              return (one ?? '') < (other ?? '') ? -1 : 1
            })
          const found: object[] = []
          for (let after: string | null = null; ; ) {
            const { upcomingEvents }: { upcomingEvents: EventPage } = await story
              .as(people[person])
              .ask(upcoming, { until, first, after })
            expect(upcomingEvents.totalCount).toBe(expected.length)
            found.push(...upcomingEvents.nodes)
            after = upcomingEvents.pageInfo.endCursor
            if (!upcomingEvents.pageInfo.hasNextPage || found.length > 12) break
          }
          expect(found).toEqual(expected.slice(0, found.length))
          if (found.length <= 12) expect(found).toHaveLength(expected.length)
        },
      ),
      { numRuns: 8 },
    )
  }, 60_000)
})
