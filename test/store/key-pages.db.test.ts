import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accessFactsOf, viewerOf, visibilityOf } from '../../src/keys/rules/access.ts'
import { type Caller, callerKinds, formatSubject } from '../../src/keys/rules/caller.ts'
import type { KeyListFilter } from '../../src/store/rows/key-filter.ts'
import {
  countKeys,
  findKeyPage,
  type KeyPageQuery,
  type KeyPosition,
} from '../../src/store/rows/key-pages.ts'
import { insertKey, type KeyRow } from '../../src/store/rows/key-rows.ts'
import { insertVersions } from '../../src/store/rows/version-rows.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { sampleKey, sampleVersion } from '../support/sample-rows.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

/** Order by bytes tells all of these apart from the order of a language: a, B, _ and - change places. */
const names = [
  'a',
  'a-',
  'a-b',
  'a0',
  'aB',
  'aZ',
  'a_',
  'a_b',
  'aa',
  'ab',
  'b',
  'b-1',
  'b1',
  'ba',
  '0',
  '0a',
  'z',
]
/** Few moments, so that many rows have the same. */
const moments = [0, 1, 2].map((ms) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, ms)))

const rows = names.map((name, index) =>
  sampleKey({ name, createdAt: moments[(index * 7) % moments.length] ?? new Date(0) }),
)
const filter = { projectId: 'project-a', kind: 'USER', visibleTo: null } as const

/** Positions of rows, and ones where there is no row (any more). */
const position = fc.record({
  createdAt: fc.constantFrom(...moments),
  name: fc.oneof(fc.constantFrom(...names), fc.stringMatching(/^[a-z0-9][A-Za-z0-9_-]{0,3}$/)),
})
const query = fc.record({
  filter: fc.constant(filter),
  orderBy: fc.constantFrom('NAME', 'CREATED_AT'),
  direction: fc.constantFrom('asc', 'desc'),
  after: fc.option(position),
  before: fc.option(position),
  max: fc.integer({ min: 1, max: 20 }),
})

/** What a page is, said in memory. */
function pageInMemory({ orderBy, direction, after, before, max }: KeyPageQuery): KeyRow[] {
  const timeOf = ({ createdAt }: KeyPosition) => createdAt?.getTime() ?? 0
  const compare = (a: KeyPosition, b: KeyPosition) => {
    const byTime = orderBy === 'CREATED_AT' ? timeOf(a) - timeOf(b) : 0
    const ascending = byTime || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
    return direction === 'asc' ? ascending : -ascending
  }
  return rows
    .filter((row) => after === null || compare(row, after) > 0)
    .filter((row) => before === null || compare(row, before) < 0)
    .sort(compare)
    .slice(0, max)
}

const [first = new Date(0), second = first, third = first] = moments
const statuses = ['PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED'] as const
const [ana, ben, group] = ['USER:ana', 'USER:ben', 'GROUP:a,b']
const anything = { permissions: null, context: null, expiresAt: null, note: '' }
/** Lists of entries that say more than who: of ana or a group, in force or up to a moment. */
const entryLists = [
  [],
  [{ ...anything, subject: group, note: 'all of them' }],
  [{ ...anything, subject: ana, expiresAt: second.toISOString() }],
  [
    { ...anything, subject: ben, permissions: ['VIEW'] },
    { ...anything, subject: group, expiresAt: first.toISOString() },
  ],
]

/** Rows that differ in all that can be filtered, in steps that do not go together. */
const variedRows = Array.from({ length: 60 }, (_, index) =>
  sampleKey({
    name: `${index % 4 < 2 ? 'a' : 'b'}${index}`,
    createdAt: moments[index % 3] ?? first,
    createdBy: index % 2 === 0 ? ana : ben,
    owner: [ana, ben, group, ben, ben][index % 5] ?? ben,
    accessControlEnabled: index % 7 < 4,
    allowedSubjects: index % 3 === 0 ? [group] : [],
    accessEntries: entryLists[index % 13] ?? [],
    status: statuses[index % 3] ?? 'ACTIVE',
    usage: index % 4 === 1 ? 'SIGN_VERIFY' : 'ENCRYPT_DECRYPT',
    algorithm: ['AES_256_GCM', 'EC_P256', 'ED25519'][index % 3] ?? '',
    rotationEnabled: index % 11 < 5,
  }),
)
const filters = fc.record(
  {
    visibleTo: fc.option(
      fc.record({
        subjects: fc.subarray([ana, ben, group, 'USER:else'], { minLength: 1 }),
        sees: fc.constantFrom('ALL_UNCONTROLLED_AND_LISTED', 'LISTED', 'NONE'),
        now: fc.constantFrom(...moments),
      }),
    ),
    namePrefix: fc.constantFrom('', 'a', 'b', 'a1', 'c'),
    accessControlEnabled: fc.boolean(),
    createdBy: fc.constantFrom(ana, ben),
    createdAfter: fc.constantFrom(first, second),
    createdBefore: fc.constantFrom(second, third),
    status: fc.subarray([...statuses]),
    usage: fc.constantFrom('SIGN_VERIFY', 'ENCRYPT_DECRYPT'),
    algorithm: fc.subarray(['AES_256_GCM', 'EC_P256']),
    rotationEnabled: fc.boolean(),
  },
  { requiredKeys: ['visibleTo'] },
)

function isWanted(row: KeyRow, wanted: Omit<KeyListFilter, 'projectId' | 'kind'>): boolean {
  const { visibleTo, namePrefix = '', createdAfter, createdBefore, status, algorithm } = wanted
  const isSame = (['accessControlEnabled', 'createdBy', 'usage', 'rotationEnabled'] as const).every(
    (name) => wanted[name] === undefined || wanted[name] === row[name],
  )
  const names = (subject: string | null) => visibleTo?.subjects.some((each) => each === subject)
  const isInForce = ({ expiresAt }: (typeof row.accessEntries)[number]) =>
    expiresAt === null || (visibleTo !== null && visibleTo.now < new Date(expiresAt))
  const isVisible =
    visibleTo === null ||
    names(row.owner) ||
    (row.accessControlEnabled
      ? visibleTo.sees !== 'NONE' &&
        (row.allowedSubjects.some(names) ||
          row.accessEntries.some((entry) => names(entry.subject) && isInForce(entry)))
      : visibleTo.sees === 'ALL_UNCONTROLLED_AND_LISTED')
  return (
    isSame &&
    isVisible &&
    row.name.startsWith(namePrefix) &&
    (createdAfter === undefined || row.createdAt > createdAfter) &&
    (createdBefore === undefined || row.createdAt < createdBefore) &&
    (status === undefined || status.includes(row.status)) &&
    (algorithm === undefined || algorithm.includes(row.algorithm))
  )
}

/** Callers who are named by some of the lists, themselves or by a group. */
const callers: fc.Arbitrary<Caller> = fc
  .record({
    kind: fc.constantFrom(...callerKinds),
    name: fc.constantFrom('ana', 'Backup'),
    groups: fc.subarray(['payments', 'ana']),
  })
  .map((caller) => ({
    ...caller,
    subject: formatSubject(caller.kind, caller.name),
    projectId: 'project-a',
    roles: new Set(['KMS_VIEWER'] as const),
    tokenId: null,
    tokenExpiresAt: third,
  }))

/** As subjects are stored now, and services also as they were before they had one spelling. */
const storedSubjects = [
  ...['user:ana', 'service-account:ana', 'group:payments', 'group:ana', 'service-agent:Backup'],
  ...['service-agent:backup', 'user:nobody'],
]

/** Rows with every subject as the owner, on the list, and as an entry that expires at each of the moments or never. */
const sharedRows = storedSubjects.flatMap((subject, index) =>
  [true, false].flatMap((accessControlEnabled) => {
    const entries = subject.endsWith(':backup') ? [] : [null, ...moments]
    const lists = [
      { owner: subject },
      { allowedSubjects: [subject] },
      ...entries.map((expiresAt) => ({
        accessEntries: [
          { ...anything, subject: 'user:somebody', note: 'x' },
          { ...anything, subject, permissions: ['SIGN'], expiresAt: expiresAt?.toISOString() ?? null },
        ],
      })),
    ]
    return lists.map((list, at) =>
      sampleKey({
        name: `s${index}-${at}-${accessControlEnabled}`,
        ...{ owner: 'user:owner', accessControlEnabled, allowedSubjects: [], accessEntries: [] },
        ...list,
      }),
    )
  }),
)

describe.skipIf(hasNoDatabase())('pages of keys', () => {
  it('are the same slices as of a list sorted by bytes, in both orders and directions', async () => {
    const { db } = await openForTest(await withDatabase())
    for (const row of rows) await insertKey(db, row)
    await insertKey(db, sampleKey({ projectId: 'project-b', name: 'a' }))
    await insertKey(db, sampleKey({ kind: 'SERVICE', name: 'Aa', owner: null, serviceName: 'aa' }))
    await fc.assert(
      fc.asyncProperty(query, async (page) => {
        expect(await findKeyPage(db, page)).toMatchObject(
          pageInMemory(page).map((key) => ({ key, newest: null })),
        )
      }),
      { numRuns: 150 },
    )
    expect(await countKeys(db, filter)).toBe(rows.length)
  })

  it('have exactly the keys that every filter at once lets through', async () => {
    const { db } = await openForTest(await withDatabase())
    for (const row of variedRows) await insertKey(db, row)
    const page = { orderBy: 'NAME', direction: 'asc', after: null, before: null, max: 100 } as const
    await fc.assert(
      fc.asyncProperty(filters, async (wanted) => {
        const expected = variedRows.filter((row) => isWanted(row, wanted)).map((row) => row.name)
        const found = await findKeyPage(db, { ...page, filter: { ...filter, ...wanted } })
        expect(found.map(({ key }) => key.name)).toEqual(expected.sort())
        expect(await countKeys(db, { ...filter, ...wanted })).toBe(expected.length)
      }),
      { numRuns: 200 },
    )
  })

  it('have exactly the keys that the rules of access let a caller see', async () => {
    const { db } = await openForTest(await withDatabase())
    for (const row of sharedRows) await insertKey(db, row)
    const page = { orderBy: 'NAME', direction: 'asc', after: null, before: null, max: 100 } as const
    let seen = 0
    await fc.assert(
      fc.asyncProperty(callers, fc.constantFrom(...moments), async (caller, now) => {
        const expected = sharedRows.filter((row) => visibilityOf(caller, accessFactsOf(row, now)) === 'full')
        const wanted = { ...filter, visibleTo: viewerOf(caller, now) }
        const found = await findKeyPage(db, { ...page, filter: wanted })
        expect(found.map(({ key }) => key.name)).toEqual(expected.map(({ name }) => name).sort())
        expect(await countKeys(db, wanted)).toBe(expected.length)
        seen += expected.length
      }),
      { numRuns: 200 },
    )
    expect(seen).toBeGreaterThan(0)
  })

  it('have the newest version of each key, and null for a key without one', async () => {
    const { db } = await openForTest(await withDatabase())
    const used = sampleKey({ name: 'b', lastVersionNumber: 2 })
    for (const row of [sampleKey({ name: 'a', lastVersionNumber: 0 }), used]) await insertKey(db, row)
    const versions = [1, 2, 3].map((number) => sampleVersion(used.id, { number }))
    for (const version of versions) {
      await insertVersions(db, [{ version, material: { rootKeyId: 'root-1', wrapped: new Uint8Array([1]) } }])
    }
    const page = { orderBy: 'NAME', direction: 'asc', after: null, before: null, max: 9 } as const
    const found = await findKeyPage(db, { ...page, filter })
    expect(found.map(({ newest }) => newest)).toEqual([null, versions[1]])
  })

  it('find exactly the names with a prefix', async () => {
    const { db } = await openForTest(await withDatabase())
    for (const row of rows) await insertKey(db, row)
    const page = { orderBy: 'NAME', direction: 'asc', after: null, before: null, max: 100 } as const
    for (const namePrefix of ['a', 'a_', 'b', 'zz']) {
      const found = await findKeyPage(db, { ...page, filter: { ...filter, namePrefix } })
      expect(found.map(({ key }) => key.name)).toEqual(
        names.filter((name) => name.startsWith(namePrefix)).sort(),
      )
    }
  })

  it('are ordered by bytes whatever the language of the server', async () => {
    const { db } = await openForTest(await withDatabase())
    const columns = await db.$queryRaw`SELECT collation_name::text FROM information_schema.columns
      WHERE table_name = 'keys' AND column_name = 'name'`
    expect(columns).toEqual([{ collation_name: 'C' }])
  })
})
