// Measures queries with encrypted fields against the same queries without: `npm run bench:prisma`. Both are asked in turns
// on one PostgreSQL server, so the ratios within one run count.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../../../test/prisma-package/generated/client.ts'
import { encryptedFields } from '../../../test/prisma-package/generated/encrypted-fields.ts'
import { tables } from '../../../test/prisma-package/tables.ts'
import { createPostgresDatabase, startPostgres } from '../../../test/support/postgres-server.ts'
import { createClient } from '../../client/src/index.ts'
import { fieldEncryption } from '../src/index.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const rounds = values.quick ? 3 : 15
const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'keystead-prisma-bench-'))

const postgres = await startPostgres(join(folder, 'postgres'))
if ('reason' in postgres) throw new Error(postgres.reason)
const server = await startKeystead()
try {
  const { token } = (await (await fetch(`${server.url}/dev/tokens/admin`)).json()) as { token: string }
  let calls = 0
  const keystead = createClient({
    url: server.url,
    token,
    fetch(input, init) {
      calls += 1
      return fetch(input, init)
    },
  })
  await keystead.createUserKey({ name: 'customers' })
  const index = { usage: 'GENERATE_VERIFY_MAC', algorithm: 'HMAC_SHA256' } as const
  await keystead.createUserKey({ name: 'customers-index', ...index })
  const [sealed, plain] = [await openDatabase(postgres.url), await openDatabase(postgres.url)]
  const extended = sealed.$extends(fieldEncryption({ keystead, fields: encryptedFields }))
  const clients = { with: extended as unknown as PrismaClient, without: plain }
  for (const [name, query] of Object.entries(queries())) {
    const seconds = { with: [] as number[], without: [] as number[] }
    let made = 0
    for (let round = 0; round <= rounds; round += 1) {
      for (const side of ['with', 'without'] as const) {
        calls = 0
        const startedAt = performance.now()
        await query(clients[side], round)
        // The first round warms up.
        if (round > 0) seconds[side].push(performance.now() - startedAt)
        if (side === 'with') made = calls
      }
    }
    const [slow, fast] = [median(seconds.with), median(seconds.without)]
    const ratio = (slow / fast).toFixed(1)
    console.log(
      `${name.padEnd(38)} ${slow.toFixed(1).padStart(7)} ms, without ${fast.toFixed(1).padStart(7)} ms: ${ratio.padStart(4)} times, ${made} calls`,
    )
  }
  await Promise.all([sealed.$disconnect(), plain.$disconnect()])
} finally {
  const ended = once(server.process, 'exit')
  server.process.kill('SIGTERM')
  await ended
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** What is measured, by its name. Each customer has two encrypted values and two blind indexes. */
function queries(): Record<string, (client: PrismaClient, round: number) => Promise<unknown>> {
  const row = (round: number, number: number) => ({
    tenantId: 't1',
    email: `${round}-${number}@example.org`,
    name: `Customer ${number} of round ${round}`,
  })
  return {
    'create of one row': (client, round) => client.customer.create({ data: row(round, 0) }),
    'createMany of 500 rows': (client, round) =>
      client.customer.createMany({
        data: Array.from({ length: 500 }, (_, number) => row(round, number + 1)),
      }),
    'findMany of 500 rows': (client) => client.customer.findMany({ take: 500 }),
    'findMany of 500 rows, nothing encrypted': (client) =>
      client.customer.findMany({ take: 500, select: { id: true, city: true } }),
    'findUnique by a blind index': (client, round) =>
      client.customer.findUnique({ where: { email: `${round}-1@example.org` } }),
    'update of one row by a blind index': (client, round) =>
      client.customer.update({ where: { email: `${round}-2@example.org` }, data: { name: 'New' } }),
  }
}

async function openDatabase(url: string): Promise<PrismaClient> {
  const database = await createPostgresDatabase({ url, template: 'template1' })
  const client = new PrismaClient({ adapter: new PrismaPg(database.url) })
  for (const statement of tables.split(';\n')) await client.$executeRawUnsafe(statement)
  await client.tenant.create({ data: { id: 't1', slug: 'one' } })
  return client
}

/** A server in a process of its own, with the embedded database on disk. */
async function startKeystead(): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const child = spawn(process.execPath, ['--no-warnings', join(root, 'src/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      DATA_FOLDER: join(folder, 'data'),
      PORT: '0',
      RATE_LIMIT_UNITS: '0',
      CONSOLE: 'off',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /(?:listens on|GraphiQL) +(http:\/\/[^/\s]+)/.exec(line) ?? []
    if (url === undefined) continue
    child.stdout.resume()
    return { url, process: child }
  }
  throw new Error('the server ended')
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
}
