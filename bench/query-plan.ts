import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type UserKeyFilter, userKeys } from '../src/keys/reading/key-lists.ts'
import type { RequestContext } from '../src/keys/rules/caller.ts'
import { PrismaClient } from '../src/store/generated/client.ts'
import { withParts } from './bulk-keys.ts'
import { asker, type PageVariables } from './key-page.ts'

/** How the database finds the rows of a page, in lines that are indented; a plan for each statement. */
export function explainPage(
  settings: Readonly<Record<string, string>>,
  { filter = {}, orderBy, ...page }: PageVariables,
): Promise<string> {
  return withParts(settings, async (parts) => {
    const pool = new pg.Pool({
      connectionString: settings['DATABASE_URL'] ?? '',
      options: '-c TimeZone=UTC',
    })
    const db = new PrismaClient({
      adapter: new PrismaPg(pool),
      log: [{ emit: 'event', level: 'query' }],
    })
    try {
      const asked: { query: string; params: string }[] = []
      db.$on('query', ({ query, params }) => asked.push({ query, params }))
      const [name = '', projectId = ''] = asker.split('@')
      const caller = {
        subject: `user:${name}`,
        kind: 'USER',
        name,
        groups: [],
        projectId,
        roles: new Set(['KMS_VIEWER']),
      }
      await userKeys(
        { ...parts, store: { ...parts.store, db } },
        { caller } as unknown as RequestContext,
        page,
        JSON.parse(JSON.stringify(filter), momentOf) as UserKeyFilter,
        orderBy ?? { field: 'CREATED_AT', direction: 'DESC' },
      )
      const plans: string[] = []
      for (const { query, params } of asked) {
        const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
          `EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF) ${query}`,
          JSON.parse(params),
        )
        plans.push(rows.map((row) => `      ${row['QUERY PLAN'].slice(0, 220)}`).join('\n'))
      }
      return plans.join('\n      —\n')
    } finally {
      await db.$disconnect()
      await pool.end()
    }
  })
}

function momentOf(_name: string, value: unknown): unknown {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : value
}
