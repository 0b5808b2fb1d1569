import assert from 'node:assert/strict'
import { openStore } from '../../src/store/open-store.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { sharedSettings } from '../bulk-keys.ts'
import { askForPage, checkPage, insertProject, keyAt, pageSize } from '../key-page.ts'
import { startBenchServer } from '../own-server.ts'
import { type Bench, type Line, loadSettings, type Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median } from '../turns.ts'

const target = 1.5
const keys = 1000

/** What checks and views cost on top of the rows. */
export const pagePart: Part = {
  name: 'page',
  summary: 'a page of keys against the plain query for its rows',
  async run(bench) {
    const settings = sharedSettings(await bench.postgres.createDatabase('page'))
    await insertProject(settings, keys, bench.note)
    return [await compareWithQuery(bench, settings), await countStatements(settings)]
  },
}

async function compareWithQuery(
  { seconds, rounds }: Bench,
  settings: Readonly<Record<string, string>>,
): Promise<Line> {
  const server = await startBenchServer({ ...loadSettings, ...settings })
  const store = await openStore({
    databaseUrl: settings['DATABASE_URL'] ?? null,
    dataFolder: '',
    poolSize: 10,
    migrate: false,
  })
  const expected = Array.from({ length: pageSize }, (_, index) => keyAt(keys, keys - 1 - index))
  try {
    const pairs: [number, number][] = []
    // The first round warms the program up.
    for (let round = 0; round <= rounds; round++) {
      const times: [number[], number[]] = [[], []]
      const endsAtMs = performance.now() + seconds * 1000
      while (performance.now() < endsAtMs) {
        const startedAtMs = performance.now()
        const answer = await askForPage(server, { first: pageSize })
        const answeredAtMs = performance.now()
        const rows = await plainQuery(store.db)
        times[0].push(answeredAtMs - startedAtMs)
        times[1].push(performance.now() - answeredAtMs)
        checkPage(answer, expected)
        assert.deepEqual(
          rows.map(({ name }) => name),
          expected.map(({ name }) => name),
        )
      }
      if (round > 0) pairs.push([median(times[0]), median(times[1])])
    }
    const ratio = median(pairs.map(([ofPage, ofQuery]) => ofPage / ofQuery))
    const [pageMs, queryMs] = [0, 1].map((which) => median(pairs.map((pair) => pair[which] ?? Number.NaN)))
    return {
      what: `page of ${pageSize} keys with default versions, a third redacted`,
      target: `≤ ${target} × the time of Prisma's findMany for the same rows`,
      figure: `${numberOf(ratio)} ×`,
      isMet: ratio <= target,
      conditions: `${numberOf(pageMs ?? 0)} ms from request to answer, through a socket, against ${numberOf(queryMs ?? 0)} ms, one after the other; every row and version verified; ${rounds} rounds of ${seconds} s`,
    }
  } finally {
    await store.close()
    await server.close()
  }
}

function plainQuery(db: Queryable) {
  return db.key.findMany({
    where: { projectId: 'shop', kind: 'USER' },
    orderBy: [{ createdAt: 'desc' }, { name: 'desc' }],
    take: pageSize,
    include: { versions: { orderBy: { number: 'desc' }, take: 1 } },
  })
}

async function countStatements(settings: Readonly<Record<string, string>>): Promise<Line> {
  let statements = 0
  const server = await startBenchServer(settings, { onStatement: () => statements++ })
  try {
    // Statements of its own come at its start only, apart from those of requests.
    await server.housekeeping.runOnce()
    const counts: number[] = []
    for (const first of [1, 10, pageSize]) {
      // What is made ready at the first use is no part of a page.
      await askForPage(server, { first })
      statements = 0
      await askForPage(server, { first })
      counts.push(statements)
    }
    return {
      what: 'SQL statements of a page',
      target: 'the same for every size',
      figure: counts.join(', '),
      isMet: new Set(counts).size === 1,
      conditions: `pages of 1, 10 and ${pageSize} keys`,
    }
  } finally {
    await server.close()
  }
}
