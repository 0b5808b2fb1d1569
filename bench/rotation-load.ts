import pg from 'pg'
import { insertDueKeys } from '../test/support/due-keys.ts'
import type { BenchPostgres } from './bench-postgres.ts'
import { sharedSettings, withParts } from './bulk-keys.ts'
import { type Load, MeasuredServer, type Round } from './measured-server.ts'
import { encryptOperation, measureOperation } from './operations.ts'

/** How many keys are due, for how many replicas, and how many requests each of these has to answer meanwhile. */
export interface RotationLoad {
  readonly keys: number
  readonly replicas: number
  readonly ratePerSecond: number
  /** How long the requests are measured before anything is due. */
  readonly idleSeconds: number
}

/** What one replica has done. */
export interface RotationRound {
  readonly rotatedKeys: number
  readonly seconds: number
  /** Of `encrypt`, before anything was due and while keys rotated. */
  readonly idle: Round
  readonly busy: Round
}

/** Makes keys that are due at the same midnight and lets replicas rotate them, with `encrypt` going on meanwhile. */
export async function measureRotation(
  postgres: BenchPostgres,
  { keys, replicas, ratePerSecond, idleSeconds }: RotationLoad,
): Promise<RotationRound[]> {
  const settings = sharedSettings(await postgres.createDatabase(`rotation_${replicas}`))
  const environment = { BENCH_SETTINGS: JSON.stringify(settings) }
  const servers = [await MeasuredServer.start(environment)]
  try {
    while (servers.length < replicas) servers.push(await MeasuredServer.start(environment))
    const operations = await Promise.all(
      servers.map((server, index) => encryptOperation(server, `bench-${index}`)),
    )
    const measureAll = (change: Pick<Load, 'seconds' | 'until'>) =>
      Promise.all(
        servers.map((server, index) =>
          measureOperation(server, existing(operations[index]), { connections: 8, ratePerSecond, ...change }),
        ),
      )
    await measureAll({ seconds: 3 })
    const idle = await measureAll({ seconds: idleSeconds })
    await makeKeysDue(settings, keys)
    const startedAtMs = performance.now()
    const rounds = servers.map(async (server) => {
      const { rotatedKeys, failedKeys } = await server.runHousekeeping()
      if (failedKeys > 0) throw new Error(`${failedKeys} keys could not be rotated`)
      return { rotatedKeys, seconds: (performance.now() - startedAtMs) / 1000 }
    })
    const busy = await measureAll({ seconds: 3600, until: Promise.all(rounds) })
    const rotated = await Promise.all(rounds)
    await checkOutcome(settings['DATABASE_URL'] ?? '', keys)
    return rotated.map((round, index) => ({
      ...round,
      idle: existing(idle[index]),
      busy: existing(busy[index]),
    }))
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** Through the product's own functions, so that everything verifies; all fell due at the same midnight. */
async function makeKeysDue(settings: Readonly<Record<string, string>>, keys: number): Promise<void> {
  await withParts(settings, (parts) =>
    insertDueKeys(parts, {
      count: keys,
      projectId: 'bench',
      algorithms: ['AES_256_GCM'],
      createdAt: new Date(Date.now() - 3 * 86_400_000),
      cycleDays: 2,
    }),
  )
}

/** Each key must have exactly one new version with material, and one event. */
async function checkOutcome(databaseUrl: string, keys: number): Promise<void> {
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
}

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('there is one for each server')
  return value
}
