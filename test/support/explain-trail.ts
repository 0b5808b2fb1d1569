import { type AuditRowFilter, findAuditEventsById, findAuditPage } from '../../src/store/audit/event-pages.ts'
import { findEventsToExport } from '../../src/store/audit/export-rows.ts'
import { findRecordedStates } from '../../src/store/audit/key-history-rows.ts'
import { Prisma } from '../../src/store/generated/client.ts'
import { insertKey } from '../../src/store/rows/key-rows.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { sampleKey } from './sample-rows.ts'

/** How the database ran one statement. */
export interface ExplainedRead {
  readonly name: string
  /** Lines of EXPLAIN ANALYZE. */
  readonly plan: readonly string[]
  readonly ms: number
}

/** Runs each kind of reading of the trail and says how. */
export async function explainTrail(
  db: Queryable,
  { projectId, keyIds, until }: { projectId: string; keyIds: readonly string[]; until: Date },
): Promise<ExplainedRead[]> {
  const filter: AuditRowFilter = {
    projectId,
    visibleTo: { subjects: ['user:ira'], sees: 'ALL_UNCONTROLLED_AND_LISTED', now: until },
    predatesChains: false,
    key: null,
    version: null,
    labels: null,
    actions: null,
    outcomes: null,
    actor: null,
    context: null,
    from: null,
    to: null,
  }
  const range = { newestFirst: true, below: null, above: null, max: 101 }
  const [keyId = ''] = keyIds
  const chain = await db.auditChain.findFirstOrThrow({ orderBy: { headSequence: 'desc' } })
  const some = await db.auditEvent.findFirstOrThrow({ where: { chainId: chain.id } })
  const day = (days: number) => new Date(until.getTime() - days * 86_400_000)
  const middle = { occurredAt: day(180), id: '00000000-0000-0000-0000-000000000000' }
  const reads: readonly [string, (db: Queryable) => Promise<unknown>][] = [
    ['newest page of a project', (tx) => findAuditPage(tx, { filter, range })],
    [
      'page in the middle of the year',
      (tx) => findAuditPage(tx, { filter, range: { ...range, below: middle } }),
    ],
    [
      'oldest page of a project',
      (tx) => findAuditPage(tx, { filter, range: { ...range, newestFirst: false } }),
    ],
    [
      'page of one day',
      (tx) => findAuditPage(tx, { filter: { ...filter, from: day(101), to: day(100) }, range }),
    ],
    [
      'page of a key',
      (tx) => findAuditPage(tx, { filter: { ...filter, key: { id: keyId, kind: 'USER' } }, range }),
    ],
    ['event by its ID', (tx) => findAuditEventsById(tx, { ...filter, ids: [some.id] })],
    [
      'page of a chain',
      (tx) =>
        findEventsToExport(tx, {
          chainId: chain.id,
          after: Math.floor(Number(chain.headSequence) / 2),
          upTo: Number(chain.headSequence),
          max: 1000,
          since: null,
          until: null,
          projectId: null,
        }),
    ],
    ['newest change of a key', (tx) => findRecordedStates(tx, [keyId])],
  ]
  const explained: ExplainedRead[] = []
  // Events of keys that are not there are shown to nobody.
  for (const id of keyIds) {
    await insertKey(db, sampleKey({ id, projectId, name: id, accessControlEnabled: false }))
  }
  for (const [name, read] of reads) explained.push(await explain(db, name, read))
  await db.key.deleteMany({ where: { id: { in: [...keyIds] } } })
  return explained
}

async function explain(
  db: Queryable,
  name: string,
  read: (db: Queryable) => Promise<unknown>,
): Promise<ExplainedRead> {
  let plan: string[] = []
  const explaining = new Proxy(db, {
    get(target, property) {
      if (property !== '$queryRaw') return Reflect.get(target, property)
      return async (texts: TemplateStringsArray, ...values: unknown[]) => {
        const lines = await target.$queryRaw<Record<'QUERY PLAN', string>[]>(
          Prisma.sql`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${Prisma.sql(texts, ...values)}`,
        )
        plan = lines.map((line) => line['QUERY PLAN'])
        return []
      }
    },
  })
  await read(db)
  const startedAtMs = performance.now()
  await read(db)
  const ms = performance.now() - startedAtMs
  await read(explaining)
  return { name, plan, ms }
}
