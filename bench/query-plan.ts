import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../src/store/generated/client.ts'
import type { KeyListFilter } from '../src/store/rows/key-filter.ts'
import { findKeyPage, type KeyPageQuery } from '../src/store/rows/key-pages.ts'
import { asker, firstKeyCreatedAt, type PageVariables, pageSize } from './key-page.ts'

/** How the database finds the rows of a page, in lines that are indented. */
export async function explainPage(
  settings: Readonly<Record<string, string>>,
  { filter = {}, orderBy, isDeep }: PageVariables & { readonly isDeep: boolean },
): Promise<string> {
  const [subject, projectId = ''] = asker.split('@')
  const { status, namePrefix } = filter
  // The domain leaves out what is hidden only where a hidden field is asked for.
  const asked: KeyListFilter = {
    projectId,
    kind: 'USER',
    visibleTo: status
      ? { subjects: [`user:${subject}`], sees: 'ALL_UNCONTROLLED_AND_LISTED', now: new Date() }
      : null,
    namePrefix,
    status: status as KeyListFilter['status'],
  }
  return explain(settings['DATABASE_URL'] ?? '', {
    filter: asked,
    orderBy: orderBy?.field ?? 'CREATED_AT',
    direction: orderBy?.direction === 'ASC' ? 'asc' : 'desc',
    after: isDeep
      ? { createdAt: new Date(firstKeyCreatedAt.getTime() + 199_000), name: 'key-00000199' }
      : null,
    before: null,
    max: pageSize + 1,
  })
}

async function explain(databaseUrl: string, page: KeyPageQuery): Promise<string> {
  const pool = new pg.Pool({ connectionString: databaseUrl, options: '-c TimeZone=UTC' })
  const client = new PrismaClient({
    adapter: new PrismaPg(pool),
    log: [{ emit: 'event', level: 'query' }],
  })
  try {
    const asked: { query: string; params: string }[] = []
    client.$on('query', ({ query, params }) => asked.push({ query, params }))
    await findKeyPage(client, page)
    const [statement] = asked
    if (statement === undefined) throw new Error('the page was found without a statement')
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF) ${statement.query}`,
      JSON.parse(statement.params),
    )
    return rows.map((row) => `      ${row['QUERY PLAN'].slice(0, 220)}`).join('\n')
  } finally {
    await client.$disconnect()
    await pool.end()
  }
}
