// Measures queries with encrypted fields against the same queries without: `npm run bench:prisma`. Both are asked in turns
// on one PostgreSQL server, so the ratios within one run count.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { median, ratioOf, takeTurns } from '../../../bench/turns.ts'
import { PrismaClient } from '../../../test/prisma-package/generated/client.ts'
import { encryptedFields } from '../../../test/prisma-package/generated/encrypted-fields.ts'
import { tables } from '../../../test/prisma-package/tables.ts'
import { createPostgresDatabase, startPostgres } from '../../../test/support/postgres-server.ts'
import { startServerProcess } from '../../../test/support/server-process.ts'
import { createClient } from '../../client/src/index.ts'
import { fieldEncryption } from '../src/index.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
})
const rounds = values.quick ? 3 : 15
const folder = mkdtempSync(join(tmpdir(), 'keystead-prisma-bench-'))

const postgres = await startPostgres(join(folder, 'postgres'))
if ('reason' in postgres) throw new Error(postgres.reason)
const server = await startServerProcess({
  DATA_FOLDER: join(folder, 'data'),
  PORT: '0',
  RATE_LIMIT_UNITS: '0',
  CONSOLE: 'off',
})
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
    // The later ones need the rows of the first two.
    const isAsked = name.includes(values.only) || /^create/.test(name)
    if (!isAsked) continue
    let made = 0
    const cpuMs = { with: [] as number[], without: [] as number[] }
    const timed = (side: 'with' | 'without') => {
      let round = 0
      return async () => {
        calls = 0
        const startedAt = performance.now()
        const before = process.cpuUsage()
        await query(clients[side], round)
        const ms = performance.now() - startedAt
        const { user, system } = process.cpuUsage(before)
        cpuMs[side].push((user + system) / 1000)
        round += 1
        if (side === 'with') made = calls
        return ms
      }
    }
    const sides = { with: timed('with'), without: timed('without') }
    // Warms up.
    await takeTurns(1, sides)
    const ms = await takeTurns(rounds, sides)
    const [slow, fast] = [median(ms.with), median(ms.without)]
    const ratio = ratioOf(ms.with, ms.without).toFixed(1)
    const [slowCpu, fastCpu] = [median(cpuMs.with), median(cpuMs.without)].map((each) => each.toFixed(1))
    console.log(
      `${name.padEnd(38)} ${slow.toFixed(1).padStart(7)} ms, without ${fast.toFixed(1).padStart(7)} ms: ${ratio.padStart(4)} times, ${made} calls; processor ${slowCpu} ms, without ${fastCpu} ms`,
    )
  }
  await Promise.all([sealed.$disconnect(), plain.$disconnect()])
} finally {
  await server.stop('SIGTERM')
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
