import { describe, expect, it } from 'vitest'
import { Prisma } from '../../src/store/generated/client.ts'
import type { KeyListFilter } from '../../src/store/rows/key-filter.ts'
import { findKeyPage, type KeyPageQuery } from '../../src/store/rows/key-pages.ts'
import { insertKey } from '../../src/store/rows/key-rows.ts'
import type { Queryable } from '../../src/store/sql.ts'
import type { ViewerCondition } from '../../src/store/subjects.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { sampleKey } from '../support/sample-rows.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const keys = 5000
const projectId = 'shop'
const olga: ViewerCondition = {
  subjects: ['user:olga'],
  sees: 'ALL_UNCONTROLLED_AND_LISTED',
  now: new Date('2026-03-08T00:00:00Z'),
}

/** A project most of whose keys are active, all to be seen by everybody. */
async function openProject(): Promise<Queryable> {
  const { db } = await openForTest(await withDatabase())
  const first = sampleKey({ projectId, name: 'key-0', accessControlEnabled: false })
  await insertKey(db, first)
  const columns = await db.$queryRaw<{ name: string }[]>`
    SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'keys'`
  const own: Readonly<Record<string, string>> = {
    id: 'gen_random_uuid()',
    redacted_id: 'gen_random_uuid()',
    key_set: 'NULL',
    name: `'key-' || i`,
    created_at: `created_at + i * interval '1 second'`,
    status: `(CASE WHEN i % 40 = 0 THEN 'DEACTIVATED' ELSE 'ACTIVE' END)::"KeyStatus"`,
  }
  const names = columns.map(({ name }) => name)
  // The index for searches is not asked here, and takes most of the time.
  await db.$executeRaw`ALTER TABLE keys DISABLE TRIGGER USER`
  await db.$executeRawUnsafe(
    `INSERT INTO keys (${names.join()}) SELECT ${names.map((name) => own[name] ?? name).join()}
      FROM keys, generate_series(1, ${keys - 1}) AS i`,
  )
  await db.$executeRaw`ANALYZE keys`
  return db
}

/** How the database would read a page. */
async function planOf(
  db: Queryable,
  filter: Partial<KeyListFilter>,
  page: Partial<KeyPageQuery> = {},
): Promise<string> {
  let plan = ''
  const explaining = new Proxy(db, {
    get(target, name) {
      if (name !== '$queryRaw') return Reflect.get(target, name)
      return async (query: Prisma.Sql) => {
        const lines = await target.$queryRaw<Record<'QUERY PLAN', string>[]>(Prisma.sql`EXPLAIN ${query}`)
        plan = lines.map((line) => line['QUERY PLAN']).join('\n')
        return []
      }
    },
  })
  await findKeyPage(explaining, {
    filter: { projectId, kind: 'USER', visibleTo: null, ...filter },
    orderBy: 'CREATED_AT',
    direction: 'desc',
    after: null,
    before: null,
    max: 101,
    ...page,
  })
  return plan
}

describe.skipIf(hasNoDatabase())('a page of many keys', () => {
  it('is read from an index in its order, also where few of them have the status that is asked for', async () => {
    const db = await openProject()
    const after = { createdAt: new Date('2026-03-08T03:00:00Z'), name: 'key-1' }
    /** Straight from the index: a sort would have to see all rows that match before it knows the first. */
    const readFrom = (index: string) =>
      new RegExp(String.raw`Limit [^\n]*\n *->  Index Scan (Backward )?using ${index} on keys`)
    const byCreation = readFrom('keys_project_id_kind_created_at_name_idx')
    expect(await planOf(db, {})).toMatch(byCreation)
    expect(await planOf(db, {}, { after })).toMatch(byCreation)
    expect(await planOf(db, {}, { orderBy: 'NAME' })).toMatch(
      readFrom('keys_project_id_(kind_)?name_(idx|key)'),
    )
    const rare = await planOf(db, { status: ['DEACTIVATED'], visibleTo: olga })
    expect(rare).toMatch(readFrom('keys_project_id_kind_status_created_at_name_idx'))
    expect(rare).toMatch(/Index Cond: .*status = 'DEACTIVATED'/)
    expect(await planOf(db, { namePrefix: 'key-10' })).toMatch(/Index Cond: .*name >= 'key-10'/)

    // Of versions: few are stopped, and few have made many encryptions.
    await db.$executeRaw`ALTER TABLE key_versions DISABLE TRIGGER USER`
    await db.$executeRaw`INSERT INTO key_versions
        (id, key_id, number, status, key_revision, created_at, activated_at, mac, project_id)
      SELECT gen_random_uuid(), id, n, (CASE WHEN status = 'ACTIVE' THEN 'ACTIVE' ELSE 'DEACTIVATED' END)::"KeyVersionStatus",
        1, created_at, created_at, '', project_id FROM keys, generate_series(1, last_version_number) AS n`
    await db.$executeRaw`INSERT INTO key_version_usage (key_id, version_number, encryptions)
      SELECT key_id, number, CASE WHEN status = 'ACTIVE' THEN 16 ELSE 4000000000 END FROM key_versions`
    await db.$executeRaw`ANALYZE key_versions, key_version_usage`
    const near = { isReached: true, by: [{ algorithms: ['AES_256_GCM'], encryptions: 3_000_000_000 }] }
    expect(await planOf(db, { encryptionsReached: near })).toMatch(
      /Index (Only )?Scan using key_version_usage_encryptions_idx/,
    )
    const blocked = await planOf(db, { canProtect: false })
    expect(blocked).toMatch(/Scan (using|on) key_versions_project_id_status_destroy_scheduled_for_idx/)
    expect(blocked).toMatch(/Index Cond: .*status = 'PRE_ACTIVATION'/)
  })
})
