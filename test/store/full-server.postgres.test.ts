import { randomBytes } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { databaseTroubleOf } from '../../src/store/database-trouble.ts'
import { isUnavailable } from '../../src/store/errors.ts'
import { Prisma } from '../../src/store/generated/client.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { failureOf } from '../support/failures.ts'
import { openForTest, withEmptyDatabase } from '../support/test-store.ts'

/** A database whose user may have so many connections. */
async function withRoleLimit(connections: number) {
  const database = await withEmptyDatabase()
  const role = `limited_${randomBytes(4).toString('hex')}`
  const name = new URL(database.databaseUrl ?? '').pathname.slice(1)
  await asOperator(
    database.databaseUrl,
    `CREATE ROLE ${role} LOGIN PASSWORD '${role}' CONNECTION LIMIT ${connections}`,
    `ALTER DATABASE ${name} OWNER TO ${role}`,
  )
  onTestFinished(() =>
    asOperator(
      database.databaseUrl,
      `REASSIGN OWNED BY ${role} TO CURRENT_USER`,
      `DROP OWNED BY ${role}`,
      `DROP ROLE ${role}`,
    ).then(() => {}),
  )
  const address = new URL(database.databaseUrl ?? '')
  address.username = role
  address.password = role
  return {
    database: { ...database, databaseUrl: address.href },
    allow: (more: number) => asOperator(database.databaseUrl, `ALTER ROLE ${role} CONNECTION LIMIT ${more}`),
    connections: async () => {
      const rows = await asOperator(
        database.databaseUrl,
        `SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = '${role}'`,
      )
      return rows[0]?.['count']
    },
  }
}

const slow = `SELECT pg_sleep(0.05)::text`

describe.skipIf(hasNoDatabase())('a pool that may have fewer connections than its size', () => {
  it.each([1, 2, 3])(
    'serves everybody with %i, statements and transactions, one after the other',
    async (limit) => {
      const { database, connections } = await withRoleLimit(limit)
      const store = await openForTest(database, { poolSize: 10 })
      const statements = Array.from({ length: 20 }, () => store.db.$queryRawUnsafe(slow))
      const transactions = Array.from({ length: 20 }, () =>
        store.transaction(async (tx) => void (await tx.$queryRawUnsafe(slow))),
      )
      const direct = Array.from({ length: 10 }, async () =>
        store.executor.$executeRaw(Prisma.sql`SELECT pg_sleep(0.01)`),
      )
      const results = await Promise.allSettled([...statements, ...transactions, ...direct])
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
      expect(await connections()).toBe(limit)
    },
  )

  it('is not tried out where there is no second connection, with a warning', async () => {
    const { database } = await withRoleLimit(1)
    const warnings: string[] = []
    await openForTest(database, { warn: (text) => void warnings.push(text) })
    expect(warnings).toEqual(['the database was not tried out: it has no second connection for this user'])
  })

  it('waits for no longer than a request has time, and says why', async () => {
    const { database } = await withRoleLimit(1)
    const store = await openForTest(database, { poolSize: 10, waitMs: 300 })
    let end = () => {}
    const inside = new Promise<void>((resolve) => {
      end = resolve
    })
    let began = () => {}
    const begun = new Promise<void>((resolve) => {
      began = resolve
    })
    const holding = store.transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 AS one`
      began()
      await inside
    })
    await begun
    const error = await failureOf(store.db.installation.count())
    expect(isUnavailable(error)).toBe(true)
    expect(databaseTroubleOf(error)?.code).toBe('POOL_TIMEOUT')
    end()
    await holding
    expect(await store.db.installation.count()).toBe(0)
  })

  it('grows again when it may', async () => {
    const { database, allow, connections } = await withRoleLimit(1)
    const store = await openForTest(database, { poolSize: 4 })
    const flood = () => Promise.all(Array.from({ length: 8 }, () => store.db.$queryRawUnsafe(slow)))
    await flood()
    expect(await connections()).toBe(1)
    await allow(10)
    await expect
      .poll(
        async () => {
          await flood()
          return connections()
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(4)
  })

  it('is refused at once where it holds none', async () => {
    const { database } = await withRoleLimit(1)
    await openForTest(database)
    const error = await failureOf(openForTest(database))
    expect(error).toMatchObject({ message: expect.stringMatching(/\(53300\)\. .*CONNECTION LIMIT/) })
  })
})
