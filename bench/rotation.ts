// How fast keys that are due at the same midnight rotate, and what callers notice of it: 1 and then 2 replicas on one
// PostgreSQL, each with a steady load of `encrypt` meanwhile. On the PostgreSQL of DATABASE_URL, or on one of its own.
// node bench/rotation.ts [KEYS] [REQUESTS PER SECOND]
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { readConfig } from '../src/config.ts'
import { openParts } from '../src/open-parts.ts'
import { insertDueKeys } from '../test/support/due-keys.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { type Load, MeasuredServer, type Round } from './measured-server.ts'

const [keys = 10_000, ratePerSecond = 100] = process.argv.slice(2).map(Number)
const idleSeconds = 10

const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-rotation-'))
const postgres = await startPostgres(join(folder, 'postgres'))
if ('reason' in postgres) throw new Error(postgres.reason)
try {
  for (const replicas of [1, 2]) await run(process.env['DATABASE_URL'] ?? postgres.url, replicas)
} finally {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function run(serverUrl: string, replicas: number): Promise<void> {
  const databaseUrl = await createDatabase(serverUrl, `rotation_${replicas}_${Date.now()}`)
  const settings = {
    DATABASE_URL: databaseUrl,
    DATA_FOLDER: folder,
    ROOT_KEY_PROVIDER: 'env',
    ROOT_KEY: randomBytes(32).toString('base64'),
  }
  const environment = { BENCH_SETTINGS: JSON.stringify(settings) }
  const servers = [await MeasuredServer.start(environment)]
  try {
    while (servers.length < replicas) servers.push(await MeasuredServer.start(environment))
    const loads = await Promise.all(servers.map(loadFor))
    const measureAll = (change: Partial<Load>) =>
      Promise.all(servers.map((server, index) => server.measure({ ...loadAt(loads, index), ...change })))
    await measureAll({ seconds: 3 })
    const idle = await measureAll({ seconds: idleSeconds })
    await makeKeysDue(settings)
    const startedAtMs = performance.now()
    const rounds = servers.map(async (server) => {
      const { rotatedKeys, failedKeys } = await server.runHousekeeping()
      if (failedKeys > 0) throw new Error(`${failedKeys} keys could not be rotated`)
      return { rotatedKeys, seconds: (performance.now() - startedAtMs) / 1000 }
    })
    const busy = await measureAll({ seconds: 3600, until: Promise.all(rounds) })
    for (const [index, round] of (await Promise.all(rounds)).entries()) {
      const rate = Math.round(round.rotatedKeys / round.seconds)
      console.log(
        `replica ${index + 1} of ${replicas}: ${round.rotatedKeys} keys in ${round.seconds.toFixed(1)} s, ${rate} keys/s; encrypt idle ${describe(idle[index])}, meanwhile ${describe(busy[index])}, 0 errors`,
      )
    }
    console.log(await checkOutcome(databaseUrl))
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client(serverUrl)
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** A steady load on a server with a key of its own. */
async function loadFor(server: MeasuredServer, index: number): Promise<Load> {
  const created = await server.ask(
    'mutation($name: String!) { createUserKey(input: { name: $name }) { ... on CreateUserKeyPayload { userKey { id } } } }',
    { name: `bench-${index}` },
  )
  const keyId = /ukey_\w+/.exec(created)?.[0]
  if (keyId === undefined) throw new Error(`no key was created: ${created}`)
  return {
    query:
      'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
    variables: { input: { keyId, plaintext: Buffer.alloc(256, 7).toString('base64') } },
    expected: /^\{"data":\{"encrypt":\{"ciphertext":"[\w+/=]{400,}"\}\}\}$/,
    connections: 8,
    seconds: idleSeconds,
    ratePerSecond,
  }
}

function loadAt(loads: readonly Load[], index: number): Load {
  const load = loads[index]
  if (load === undefined) throw new RangeError('each server has a load')
  return load
}

/** Through the product's own functions, so that everything verifies; all fell due at the same midnight. */
async function makeKeysDue(settings: Record<string, string>): Promise<void> {
  const alert = (error: Error) => {
    throw error
  }
  const config = readConfig({
    AUTH_ISSUER: 'https://issuer.bench',
    AUTH_JWKS_URL: 'https://issuer.bench',
    ...settings,
  })
  const { parts, close } = await openParts(config, { prepare: false, alert })
  try {
    await insertDueKeys(parts, {
      count: keys,
      projectId: 'bench',
      algorithms: ['AES_256_GCM'],
      createdAt: new Date(Date.now() - 3 * 86_400_000),
      cycleDays: 2,
    })
  } finally {
    await close()
  }
}

async function checkOutcome(databaseUrl: string): Promise<string> {
  const reader = new pg.Client(databaseUrl)
  await reader.connect()
  const { rows } = await reader.query(`
    SELECT count(*)::int AS keys, sum(versions)::int AS versions, sum(materials)::int AS materials,
      (SELECT count(*)::int FROM audit_events WHERE action = 'ROTATE_KEY' AND outcome = 'SUCCEEDED') AS events
    FROM keys k, LATERAL (SELECT count(*) AS versions, count(m.version_id) AS materials FROM key_versions v
      LEFT JOIN key_material m ON m.version_id = v.id WHERE v.key_id = k.id) AS v
    WHERE name LIKE 'due-%' AND versions = 2 AND last_version_number = 2`)
  await reader.end()
  const [found] = rows
  const isRight = [found.keys, found.events].every((n) => n === keys) && found.materials === keys * 2
  if (!isRight) throw new Error(`the keys are not as they should be: ${JSON.stringify(found)}`)
  return `each of the ${keys} keys has exactly one new version with material, and one event`
}

function describe(round: Round | undefined): string {
  if (round === undefined) throw new RangeError('each server was measured')
  const { requestsPerSecond, latencyMs } = round
  return `${Math.round(requestsPerSecond)}/s p50 ${latencyMs.median} ms p99 ${latencyMs.p99} ms`
}
