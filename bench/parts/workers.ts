import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createBenchIssuer } from '../bench-issuer.ts'
import { cpuSecondsOf, MeasuredServer, pinProcess } from '../measured-server.ts'
import { encryptOperation, measureOperation } from '../operations.ts'
import { type Bench, type Line, loadSettings, type Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median, ratioOf, takeTurns } from '../turns.ts'

const connections = 64

/** What workers bring: on all processors with everything else, and on one processor with PostgreSQL on another. */
export const workersPart: Part = {
  name: 'workers',
  summary: 'two workers of one server against one, also with PostgreSQL on a processor of its own',
  async run(bench) {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-workers-'))
    const servers: MeasuredServer[] = []
    /** Moves PostgreSQL and the load generator. */
    let onDatabaseProcesses = (_processors: string) => {}
    try {
      const issuer = await createBenchIssuer(folder)
      const databaseUrl = await bench.postgres.createDatabase('workers')
      const settings = { ...loadSettings, ...issuer.settings, DATA_FOLDER: folder, DATABASE_URL: databaseUrl }
      const token = await issuer.tokenOf('bench@bench')
      for (const count of ['1', '2']) {
        servers.push(await MeasuredServer.startServe(settings, token, '--workers', count))
      }
      const [one, two] = servers
      if (one === undefined || two === undefined) throw new TypeError('two servers were started')
      const postmaster = await postmasterOf(databaseUrl)
      const together = await compare(bench, { one, two, postmaster }, 'on all processors')
      if (availableParallelism() < 2) return [together]
      onDatabaseProcesses = (processors) => {
        for (const pid of [process.pid, postmaster, ...childrenOf(postmaster)]) pinProcess(pid, processors)
      }
      onDatabaseProcesses('1')
      for (const server of servers) server.pin('0')
      return [
        together,
        await compare(
          bench,
          { one, two, postmaster },
          'on one processor; PostgreSQL and the load generator on another one',
        ),
      ]
    } finally {
      onDatabaseProcesses(`0-${availableParallelism() - 1}`)
      for (const server of servers) await server.stopServe()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function newCosts(): { workers: number[]; primary: number[]; database: number[] } {
  return { workers: [], primary: [], database: [] }
}

async function compare(
  { rounds, seconds }: Bench,
  { one, two, postmaster }: { one: MeasuredServer; two: MeasuredServer; postmaster: number },
  where: string,
): Promise<Line> {
  const name = `workers-${where.length}`
  const loaded = {
    one: { server: one, operation: await encryptOperation(one, `${name}-one`) },
    two: { server: two, operation: await encryptOperation(two, `${name}-two`) },
  }
  /** Processor time of each request, in microseconds: of workers, of their primary process, and of PostgreSQL. */
  const costs = { one: newCosts(), two: newCosts() }
  const databaseSeconds = () =>
    childrenOf(postmaster).reduce((sum, pid) => sum + cpuSecondsOf(pid), cpuSecondsOf(postmaster))
  const measure = async (which: 'one' | 'two', duration = seconds) => {
    const { server, operation } = loaded[which]
    const workers = () => server.workerCpuSeconds().reduce((sum, each) => sum + each, 0)
    const before = { own: server.cpuSeconds(), workers: workers(), database: databaseSeconds() }
    const round = await measureOperation(server, operation, { connections, seconds: duration })
    const perRequest = (used: number) => (used * 1e6) / round.requests
    const own = perRequest(server.cpuSeconds() - before.own)
    const cost = costs[which]
    cost.workers.push(which === 'one' ? own : perRequest(workers() - before.workers))
    cost.primary.push(which === 'one' ? 0 : own)
    cost.database.push(perRequest(databaseSeconds() - before.database))
    return round.requestsPerSecond
  }
  await measure('one', Math.min(3, seconds))
  await measure('two', Math.min(3, seconds))
  const figures = await takeTurns(rounds, { one: () => measure('one'), two: () => measure('two') })
  const { one: ofOne, two: ofTwo } = costs
  const microseconds = (values: readonly number[]) => `${Math.round(median(values))} µs`
  const served = median(ofTwo.workers) / median(ofTwo.database)
  return {
    what: `encrypt of 256 B with 2 workers, ${where}`,
    target: 'report',
    figure: `${numberOf(ratioOf(figures.two, figures.one))} × 1 worker`,
    isMet: null,
    conditions: `${numberOf(median(figures.two))} against ${numberOf(median(figures.one))} requests/s; processor time of a request: ${microseconds(ofTwo.workers)} of workers (${microseconds(ofOne.workers)} of one), ${microseconds(ofTwo.primary)} of the primary process, ${microseconds(ofTwo.database)} of PostgreSQL, so that one processor of PostgreSQL serves ${numberOf(served)} of workers; ${two.residentMiBOfAll()} MiB resident in all, ${one.residentMiB()} MiB of one; ${connections} connections, durable audit; ${rounds} rounds of ${seconds} s`,
  }
}

/** The first process of a PostgreSQL server on this machine, which starts all others. */
async function postmasterOf(databaseUrl: string): Promise<number> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${rows[0].pid}/status`, 'utf8'))?.[1])
  } finally {
    await client.end()
  }
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
}
