import { describe, expect, it } from 'vitest'
import { type AuditRowFilter, countAuditEvents, findAuditPage } from '../../src/store/audit/event-pages.ts'
import { Prisma } from '../../src/store/generated/client.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const filter: AuditRowFilter = {
  projectId: 'shop',
  visibleTo: {
    subjects: ['user:ira', 'group:audit'],
    sees: 'ALL_UNCONTROLLED_AND_LISTED',
    now: new Date('2026-03-08T00:00:00Z'),
  },
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

/** How the database would run what is asked of it. */
async function planOf(db: Queryable, ask: (db: Queryable) => Promise<unknown>): Promise<string> {
  let plan = ''
  const explaining = new Proxy(db, {
    get(target, name) {
      if (name !== '$queryRaw') return Reflect.get(target, name)
      return async (texts: TemplateStringsArray, ...values: unknown[]) => {
        const lines = await target.$queryRaw<Record<'QUERY PLAN', string>[]>(
          Prisma.sql`EXPLAIN ${Prisma.sql(texts, ...values)}`,
        )
        plan = lines.map((line) => line['QUERY PLAN']).join('\n')
        return []
      }
    },
  })
  await ask(explaining)
  return plan
}

describe.skipIf(hasNoDatabase())('the trail of a project', () => {
  it.each([
    ['a page', (db: Queryable) => findAuditPage(db, { filter, range })],
    ['a count', (db: Queryable) => countAuditEvents(db, filter)],
  ])('reads each access list once for %s, however many events its key has', async (_what, ask) => {
    const { db } = await openForTest(await withDatabase())
    const plan = await planOf(db, ask)
    const [, hashed] = /hashed SubPlan (\d+)/.exec(plan) ?? []
    expect(hashed).toBeDefined()
    // All lists are taken apart below the part that is hashed, none for an event.
    const [ofEvents = '', ofKeys = ''] = plan.split(new RegExp(String.raw`\n +SubPlan ${hashed}\n`))
    expect(ofEvents).not.toContain('unnest')
    expect(ofKeys).toContain('Function Scan on unnest')
    expect(ofKeys).toContain('Function Scan on jsonb_array_elements')
  })
})
