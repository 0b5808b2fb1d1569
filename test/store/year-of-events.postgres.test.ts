import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChainMac } from '../../src/audit/chain.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import { newUuid } from '../../src/ids.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestDatabase, hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { type ExplainedRead, explainTrail } from '../support/explain-trail.ts'
import { writeYearOfEvents } from '../support/year-of-events.ts'

/** So many events are written, and the planner is told of so many. `npm run bench:year` writes as many as one wants. */
const [events, eventsTold] = [24_000, 100_000_000]
const until = new Date('2027-03-20T00:00:00Z')
const keyIds = Array.from({ length: 10 }, () => newUuid())

describe.skipIf(hasNoDatabase())('a year of events in partitions', () => {
  const chainMac = createChainMac(createSecretKey(randomBytes(32)))
  let database: TestDatabase
  let store: Store
  let reads: ReadonlyMap<string, ExplainedRead>

  beforeAll(async () => {
    database = await createTestDatabase()
    store = await openStore({ ...database, poolSize: 2, migrate: true })
    await writeYearOfEvents(
      { store, chainMac },
      { events, chains: 12, projectId: 'shop', keyIds, until, groupSize: 200 },
    )
    await store.db.$executeRawUnsafe('VACUUM ANALYZE audit_events')
    // The planner takes the density of rows from here, and the pages from the files.
    await store.db.$executeRaw`
      UPDATE pg_class SET reltuples = reltuples * ${eventsTold / events}::float8 WHERE reltuples > 0 AND (
        oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit_events'::regclass)
        OR oid IN (SELECT indexrelid FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indrelid
          WHERE i.inhparent = 'audit_events'::regclass))`
    reads = new Map(
      (await explainTrail(store.db, { projectId: 'shop', keyIds, until })).map((read) => [read.name, read]),
    )
  })

  afterAll(async () => {
    await store.close()
    await database.dispose()
  })

  const linesOf = (name: string): readonly string[] => reads.get(name)?.plan ?? []
  /** Scans of events; those of their predecessors, by chain and number, have another alias. */
  const scansOf = (name: string) =>
    linesOf(name).filter((line) => / on audit_events_\w+ (e|audit_events)(_\d+)? /.test(line))
  const isExecuted = (line: string) => !line.includes('never executed')

  it('has 12 partitions with events', async () => {
    const [row] = await store.db.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM (SELECT DISTINCT tableoid FROM audit_events) AS used`
    expect(row?.count).toBe(13)
  })

  it.each([
    ['newest page of a project', /project_id_occurred_at_id_idx/],
    ['oldest page of a project', /project_id_occurred_at_id_idx/],
    ['page in the middle of the year', /project_id_occurred_at_id_idx/],
    ['page of a key', /key_id_occurred_at_id_idx/],
  ])(
    'is read for the %s in order, without sorting, up to the partition in which the page is full',
    (name, index) => {
      const scans = scansOf(name)
      for (const scan of scans.filter(isExecuted)) expect(scan).toMatch(index)
      // One or two with events, and those that are empty because they are ahead of time.
      expect(scans.filter(isExecuted).length).toBeLessThanOrEqual(4)
      expect(scans.length).toBeGreaterThan(4)
      const lines = linesOf(name)
      const [first = -1] = lines.flatMap((line, at) => (scans.includes(line) ? [at] : []))
      expect(lines.slice(0, first).join('\n')).not.toMatch(/Sort|Merge Append/)
    },
  )

  it('is read in one partition where the time is given', () => {
    expect(scansOf('page of one day')).toHaveLength(1)
  })

  it.each([
    ['event by its ID', /_pkey/],
    ['page of a chain', /chain_id_sequence_key/],
    ['newest change of a key', /key_id_key_revision_idx/],
  ])('is read by an index of each partition for the %s', (name, index) => {
    const scans = scansOf(name).filter(isExecuted)
    expect(scans.length).toBeGreaterThan(0)
    // Partitions that are empty may be read as they are.
    for (const scan of scans.filter((each) => !/Seq Scan .*rows=0/.test(each))) expect(scan).toMatch(index)
    expect(linesOf(name).join('\n')).not.toMatch(/Rows Removed by Filter/)
  })

  it('verifies from chain to chain over all partitions', async () => {
    const report = await verifyAudit({ db: store.db, chainMac })
    expect(report.findings).toEqual([])
    expect(report.records).toBe(events)
  })
})
