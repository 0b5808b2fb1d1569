// What led to the defaults of docs/overload.md: how fast a server is by how many requests it works on at once, how many
// items a caller can have encrypted in batches, and what becomes of callers when there are far too many of them, with
// limits and without. On a PostgreSQL server of its own.
// npm run bench:overload -- [SECONDS]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../test/support/postgres-server.ts'
import { type Load, MeasuredServer, type Round } from './measured-server.ts'

const [seconds = 5] = process.argv.slice(2).map(Number)
const noLimits = {
  REQUESTS_UNDER_WAY_MAX: '10000',
  REQUESTS_WAITING_MAX: '100000',
  REQUEST_WAIT_MS_MAX: '60000',
  REQUEST_TIMEOUT_MS: '60000',
  RATE_LIMIT_UNITS: '0',
}
const encrypt =
  'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }'
const encryptBatch =
  'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { ... on EncryptBatchPayload { results { __typename } } } }'
const plaintext = Buffer.alloc(256, 7).toString('base64')

const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-overload-'))
const postgres = await startPostgres(join(folder, 'postgres'))
if ('reason' in postgres) throw new Error(postgres.reason)
const serverUrl = postgres.url
const databases = new pg.Client(serverUrl)
await databases.connect()
let databaseCount = 0

console.log('encrypt on 256 connections, by requests under way at once:')
for (const underWay of [1, 4, 16, 64, 256]) {
  const settings = { ...noLimits, REQUESTS_UNDER_WAY_MAX: String(underWay) }
  const round = await measure(settings, (keyId) => ({
    query: encrypt,
    variables: { input: { key: keyId, plaintext } },
    expected: /"ciphertext"/,
    connections: 256,
    seconds,
  }))
  console.log(`  ${String(underWay).padStart(4)}: ${describe(round)}`)
}

const items = 500
const batches = await measure(noLimits, (keyId) => ({
  query: encryptBatch,
  variables: {
    input: { items: Array.from({ length: items }, () => ({ key: keyId, plaintext: 'aGVsbG8=' })) },
  },
  expected: /"results"/,
  connections: 4,
  seconds,
}))
console.log(`encryptBatch of ${items} items: ${Math.round(batches.requestsPerSecond * items)} items a second`)

const crowd = 2000
for (const [name, settings] of [
  ['without limits', noLimits],
  ['with the default limits', { RATE_LIMIT_UNITS: '0' }],
] as const) {
  const round = await measure(settings, (keyId) => ({
    query: encrypt,
    variables: { input: { key: keyId, plaintext } },
    expected: /"ciphertext"|"UNAVAILABLE"/,
    connections: crowd,
    seconds,
    mayRefuse: true,
  }))
  console.log(
    `encrypt on ${crowd} connections ${name}: ${describe(round)}, ${round.refused} of ${round.requests} refused; ${round.residentMiB} MiB at most`,
  )
}

await databases.end()
await postgres.stop()
rmSync(folder, { recursive: true, force: true })

/** An empty database. */
async function createDatabase(): Promise<string> {
  const url = new URL(serverUrl)
  url.pathname = `/bench_${++databaseCount}`
  await databases.query(`CREATE DATABASE bench_${databaseCount}`)
  return url.href
}

function describe({ requestsPerSecond, latencyMs }: Round): string {
  return `${Math.round(requestsPerSecond)} answers a second, median ${latencyMs.median} ms, p99 ${latencyMs.p99} ms`
}

/** One round on a server of its own, after one to warm it up. */
async function measure(
  settings: Record<string, string>,
  loadFor: (keyId: string) => Load,
): Promise<Round & { residentMiB: number }> {
  const server = await MeasuredServer.start({
    DATABASE_URL: await createDatabase(),
    BENCH_SETTINGS: JSON.stringify(settings),
  })
  try {
    const created = await server.ask(
      'mutation { createUserKey(input: { name: "bench" }) { ... on CreateUserKeyPayload { userKey { id } } } }',
      {},
    )
    const keyId = /ukey_\w+/.exec(created)?.[0]
    if (keyId === undefined) throw new Error(`no key was created: ${created}`)
    const load = loadFor(keyId)
    await server.measure({
      ...load,
      connections: Math.min(load.connections, 256),
      seconds: 2,
      mayRefuse: true,
      expected: /./,
    })
    const round = await server.measure(load)
    return { ...round, residentMiB: server.residentMiBMax() }
  } finally {
    await server.stop()
  }
}
