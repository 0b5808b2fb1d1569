import { cpus } from 'node:os'
import pg from 'pg'
import { sharedSettings } from '../bulk-keys.ts'
import { MeasuredServer } from '../measured-server.ts'
import { encryptOperation, measureOperation } from '../operations.ts'
import { type Bench, type Line, loadSettings, type Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median, ratioOf, takeTurns } from '../turns.ts'

const target = 1.5
const connections = 64
/** For two servers, the database and the load generator. */
const coresNeeded = 4

/** Whether a second process helps: on one PostgreSQL, with as many connections in all. */
export const replicasPart: Part = {
  name: 'replicas',
  summary: 'two replicas on one PostgreSQL against one',
  async run(bench) {
    const databaseUrl = await bench.postgres.createDatabase('replicas')
    const settings = sharedSettings(databaseUrl)
    const environment = { BENCH_SETTINGS: JSON.stringify({ ...loadSettings, ...settings }) }
    const servers = [await MeasuredServer.start(environment)]
    try {
      servers.push(await MeasuredServer.start(environment))
      return [await compare(servers, bench), await measureTrail(databaseUrl)]
    } finally {
      for (const server of servers) await server.stop()
    }
  },
}

async function compare(servers: readonly MeasuredServer[], { rounds, seconds }: Bench) {
  const loaded = await Promise.all(
    servers.map(async (server, index) => ({
      server,
      operation: await encryptOperation(server, `replica-${index}`),
    })),
  )
  /** Requests for each second of processor time that the servers used: what more cores would bring. */
  const perCpuSecond: Record<string, number[]> = { one: [], two: [] }
  const cpuOfAll = () => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0)
  const measure = async (name: 'one' | 'two', duration = seconds) => {
    const used = name === 'one' ? loaded.slice(0, 1) : loaded
    const cpuBefore = cpuOfAll()
    const rounds = await Promise.all(
      used.map(({ server, operation }) =>
        measureOperation(server, operation, { connections: connections / used.length, seconds: duration }),
      ),
    )
    const requests = rounds.reduce((sum, round) => sum + round.requests, 0)
    perCpuSecond[name]?.push(requests / (cpuOfAll() - cpuBefore))
    return rounds.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0)
  }
  await measure('two', Math.min(3, seconds))
  const generatorBefore = process.cpuUsage()
  const startedAtMs = performance.now()
  const figures = await takeTurns(rounds, { one: () => measure('one'), two: () => measure('two') })
  const { user, system } = process.cpuUsage(generatorBefore)
  const generatorShare = (user + system) / 1000 / (performance.now() - startedAtMs)
  const ratio = ratioOf(figures.two, figures.one)
  const cores = cpus().length
  return {
    what: 'encrypt of 256 B on 2 replicas',
    target: `≥ ${target} × 1 replica where cores allow`,
    figure: `${numberOf(ratio)} ×`,
    isMet: cores >= coresNeeded ? ratio >= target : null,
    conditions: `${numberOf(median(figures.two))} against ${numberOf(median(figures.one))} requests/s, ${connections} connections in all; ${cores} cores for servers, PostgreSQL and the load generator, which alone took ${numberOf(generatorShare)} of one; for each second of the servers' own processor time ${numberOf(median(perCpuSecond['two'] ?? []))} against ${numberOf(median(perCpuSecond['one'] ?? []))} requests; durable audit; ${rounds} rounds of ${seconds} s`,
  }
}

/** What the events take that all of this has left in the database. */
async function measureTrail(databaseUrl: string): Promise<Line> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    const { rows } = await client.query(
      "SELECT count(*)::int AS events, pg_table_size('audit_events')::float8 AS rows, pg_indexes_size('audit_events')::float8 AS indexes FROM audit_events",
    )
    const [{ events, rows: rowBytes, indexes }] = rows
    return {
      what: 'audit event of an operation, in the database',
      target: 'report',
      figure: `${numberOf((rowBytes + indexes) / events)} bytes`,
      isMet: null,
      conditions: `${numberOf(rowBytes / events)} of them the row, ${numberOf(indexes / events)} in indexes; ${numberOf(events)} events`,
    }
  } finally {
    await client.end()
  }
}
