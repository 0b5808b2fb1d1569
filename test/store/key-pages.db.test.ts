import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countKeys, findKeyPage, type KeyPageQuery, type KeyPosition } from '../../src/store/key-pages.ts'
import { insertKey, type KeyRow } from '../../src/store/key-rows.ts'
import { insertVersion } from '../../src/store/version-rows.ts'
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
  const compare = (a: KeyPosition, b: KeyPosition) => {
    const byTime = orderBy === 'CREATED_AT' ? a.createdAt.getTime() - b.createdAt.getTime() : 0
    const ascending = byTime || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
    return direction === 'asc' ? ascending : -ascending
  }
  return rows
    .filter((row) => after === null || compare(row, after) > 0)
    .filter((row) => before === null || compare(row, before) < 0)
    .sort(compare)
    .slice(0, max)
}

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

  it('have the newest version of each key, and null for a key without one', async () => {
    const { db } = await openForTest(await withDatabase())
    const used = sampleKey({ name: 'b', lastVersionNumber: 2 })
    for (const row of [sampleKey({ name: 'a', lastVersionNumber: 0 }), used]) await insertKey(db, row)
    const versions = [1, 2, 3].map((number) => sampleVersion(used.id, { number }))
    for (const version of versions) {
      await insertVersion(db, version, { rootKeyId: 'root-1', wrapped: new Uint8Array([1]) })
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
