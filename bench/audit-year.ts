// A year of events on the PostgreSQL of DATABASE_URL or on one of its own: bytes for each event, how pages are read, and how
// long verification and pruning take.
// npm run bench:year -- [EVENTS] [CHAINS]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pruneAudit } from '../src/audit/prune/prune.ts'
import { createCheckpoint, readCheckpoint } from '../src/audit/verify/checkpoint.ts'
import { type VerifyOptions, verifyAudit } from '../src/audit/verify/verify.ts'
import { rollUpUsage } from '../src/audit/write/roll-up.ts'
import { counted } from '../src/counted.ts'
import { newUuid } from '../src/ids.ts'
import type { Dependencies } from '../src/keys/parts/dependencies.ts'
import { findPartitions } from '../src/store/audit/partition-rows.ts'
import { explainTrail } from '../test/support/explain-trail.ts'
import { writeYearOfEvents } from '../test/support/year-of-events.ts'
import { openBenchPostgres } from './bench-postgres.ts'
import { withParts } from './bulk-keys.ts'

const [events = 1_000_000, chains = 24] = process.argv.slice(2).map(Number)
const projectId = 'shop'
const keyIds = Array.from({ length: 200 }, () => newUuid())

const postgres = openBenchPostgres()
const dataFolder = mkdtempSync(join(tmpdir(), 'keystead-bench-year-'))
try {
  const settings = {
    DATABASE_URL: await postgres.createDatabase('year'),
    ROOT_KEY_PROVIDER: 'file',
    ROOT_KEY_FILE: join(dataFolder, 'root.key'),
    DATA_FOLDER: dataFolder,
  }
  await withParts(settings, measure)
  console.log(await postgres.describe())
} finally {
  await postgres.stop()
  rmSync(dataFolder, { recursive: true, force: true })
}

async function measure(parts: Dependencies): Promise<void> {
  const { store, clock, audit, auditKeys } = parts
  const { chainMac } = auditKeys
  const until = clock.now()
  await timed(`${counted(events, 'event')} written`, async () => {
    let next = 0
    await writeYearOfEvents(
      { store, chainMac },
      {
        events,
        chains,
        projectId,
        keyIds,
        until,
        onProgress(written) {
          if (written < next) return
          console.error(`  … ${written} written`)
          next += events / 10
        },
      },
    )
    return events
  })
  await timed('statistics', () => store.db.$executeRawUnsafe('VACUUM ANALYZE audit_events').then(() => null))
  const [size] = await store.db.$queryRaw<{ rows: bigint; indexes: bigint }[]>`
    SELECT sum(pg_table_size(inhrelid)) AS rows, sum(pg_indexes_size(inhrelid)) AS indexes
    FROM pg_inherits WHERE inhparent = 'audit_events'::regclass`
  const each = (bytes: bigint | undefined) => Math.round(Number(bytes ?? 0) / events)
  console.log(`${each(size?.rows)} bytes an event in rows, ${each(size?.indexes)} in indexes`)
  console.log(`${(await findPartitions(store.db)).length} partitions`)

  for (const { name, plan, ms } of await explainTrail(store.db, { projectId, keyIds, until })) {
    console.log(`${ms.toFixed(1)} ms  ${name}`)
    for (const line of plan) console.log(`      ${line}`)
  }
  for (const readers of [1, 2, 3, 4]) {
    await timed(`verification with ${counted(readers, 'reader')}`, () => verify(parts, { readers }))
  }
  const checkpoint = await readCheckpoint(
    await createCheckpoint(store.db, clock, auditKeys),
    auditKeys.checkpointKey,
  )
  await timed('verification since a checkpoint of now', () =>
    verify(parts, { checkpoint, sinceCheckpoint: true }),
  )
  await timed('counting uses', () => rollUpUsage(store).then(() => null))
  for (const olderThanDays of [330, 60]) {
    await timed(`pruning what is older than ${olderThanDays} days`, async () => {
      const report = await pruneAudit({ store, clock, chainMac, audit, olderThanDays })
      return report.pruned
    })
  }
  await timed('verification of the rest', () => verify(parts, {}))
}

async function verify({ store, auditKeys }: Dependencies, options: Partial<VerifyOptions>): Promise<number> {
  const { findings, records } = await verifyAudit({ db: store.db, chainMac: auditKeys.chainMac, ...options })
  const [finding] = findings
  if (finding !== undefined) throw new Error(finding.text)
  return records
}

async function timed(name: string, work: () => Promise<number | null>): Promise<void> {
  const startedAtMs = performance.now()
  const before = process.cpuUsage()
  const records = await work()
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - startedAtMs) / 1000
  const rate =
    records === null || records === 0
      ? ''
      : `: ${counted(records, 'record')}, ${Math.round(records / seconds)} a second, for each ${((user + system) / records).toFixed(1)} µs of this process`
  console.log(`${seconds.toFixed(1)} s  ${name}${rate}`)
}
