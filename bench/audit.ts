// What the audit trail costs: `encrypt` of 256 bytes on 64 connections with a durable event for each, against the same
// server without any, in rounds that take turns. On the PostgreSQL of DATABASE_URL, or on one of its own.
// npm run bench:audit -- [ROUNDS] [SECONDS]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../test/support/postgres-server.ts'
import { MeasuredServer, type Round } from './measured-server.ts'

const [rounds = 5, seconds = 5] = process.argv.slice(2).map(Number)
const connections = 64

const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-audit-'))
const postgres = await startPostgres(join(folder, 'postgres'))
if ('reason' in postgres) throw new Error(postgres.reason)
try {
  await run(process.env['DATABASE_URL'] ?? postgres.url)
} finally {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** One server on a database of its own, with a key to encrypt with. */
async function startServer(serverUrl: string, name: string, ...options: string[]) {
  const client = new pg.Client(serverUrl)
  await client.connect()
  await client.query(`CREATE DATABASE ${name}_${Date.now()}`.toLowerCase())
  const { rows } = await client.query('SELECT max(datname) AS name FROM pg_database WHERE datname ^@ $1', [
    name,
  ])
  await client.end()
  const url = new URL(serverUrl)
  url.pathname = `/${rows[0].name}`
  const server = await MeasuredServer.start({ DATABASE_URL: url.href }, ...options)
  const created = await server.ask(
    'mutation { createUserKey(input: { name: "bench" }) { ... on CreateUserKeyPayload { userKey { id } } } }',
    {},
  )
  const keyId = /ukey_\w+/.exec(created)?.[0]
  if (keyId === undefined) throw new Error(`no key was created: ${created}`)
  const load = {
    query:
      'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
    variables: { input: { key: keyId, plaintext: Buffer.alloc(256, 7).toString('base64') } },
    expected: /^\{"data":\{"encrypt":\{"ciphertext":"[\w+/=]{400,}"\}\}\}$/,
    connections,
    seconds,
  }
  await server.measure({ ...load, seconds: 3 })
  return {
    stop: () => server.stop(),
    measure: () => server.measure(load),
    async countEvents(): Promise<number> {
      const reader = new pg.Client(url.href)
      await reader.connect()
      const counted = await reader.query(
        "SELECT count(*)::int AS n FROM audit_events WHERE action = 'ENCRYPT'",
      )
      await reader.end()
      return counted.rows[0].n
    },
  }
}

async function run(serverUrl: string): Promise<void> {
  const audited = await startServer(serverUrl, 'audited')
  const bare = await startServer(serverUrl, 'bare', '--without-audit')
  try {
    const ratios: number[] = []
    let requests = 0
    for (let round = 1; round <= rounds; round++) {
      const [withAudit, without] = [await audited.measure(), await bare.measure()]
      requests += withAudit.requests
      ratios.push(withAudit.requestsPerSecond / without.requestsPerSecond)
      console.log(`round ${round}: ${describe('with audit', withAudit)}; ${describe('without', without)}`)
    }
    const events = await audited.countEvents()
    if (events < requests || (await bare.countEvents()) > 0)
      throw new Error('the records are not as they should be')
    console.log(
      `${events} events are on record for the ${requests} answers counted above and those of the warm-up`,
    )
    console.log(
      `encrypt of 256 bytes, ${connections} connections: with durable audit ${median(ratios).toFixed(2)} × the requests/s of the same server without (median of ${rounds} rounds)`,
    )
  } finally {
    await audited.stop()
    await bare.stop()
  }
}

function describe(name: string, { requestsPerSecond, latencyMs }: Round): string {
  return `${name} ${Math.round(requestsPerSecond)}/s (median ${latencyMs.median} ms, p99 ${latencyMs.p99} ms)`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
