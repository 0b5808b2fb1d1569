import { describe, expect, it, onTestFinished } from 'vitest'
import { isUnavailable } from '../../src/store/errors.ts'
import { createPostgresClients } from '../../src/store/postgres/clients.ts'
import { asOperator } from '../support/as-operator.ts'
import { type CuttableProxy, startProxy } from '../support/cuttable-proxy.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { failureOf } from '../support/failures.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const answerMs = 2000

/** A connection through a proxy, whose statements have to be answered soon. */
async function connectThroughProxy() {
  const proxy = await startProxy((await withDatabase()).databaseUrl ?? '')
  return { proxy, client: await connectTo(proxy) }
}

async function connectTo({ databaseUrl }: CuttableProxy) {
  const client = createPostgresClients(databaseUrl).createClient({ application_name: 'keystead' }, answerMs)
  onTestFinished(() => client.cut('the test is over'))
  await client.connect()
  return client
}

describe.skipIf(hasNoDatabase())('a connection to PostgreSQL', () => {
  it('on which a statement gets no answer is given up, and everything that waits on it fails', async () => {
    const { proxy, client } = await connectThroughProxy()
    proxy.silence('pool')
    const errors = await Promise.all([
      failureOf(client.query('SELECT 1')),
      failureOf(client.query('SELECT 2')),
    ])
    expect(errors.map(isUnavailable)).toEqual([true, true])
    expect(client.isCut).toBe(true)
    proxy.mend()
    expect((await (await connectTo(proxy)).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('on which nothing is asked is kept, and so is one whose every statement is answered in time', async () => {
    const { client } = await connectThroughProxy()
    for (let round = 0; round < 4; round++) {
      await client.query(`SELECT pg_sleep(${(answerMs * 0.1) / 1000})`)
      await new Promise((resolve) => setTimeout(resolve, answerMs * 0.4))
    }
    expect(client.isCut).toBe(false)
  })

  it('is kept for as long as a transaction needs that says so, and not for the next one', async () => {
    const { proxy, client } = await connectThroughProxy()
    await client.query('BEGIN')
    await client.query('SET LOCAL statement_timeout = 0')
    await client.query(`SELECT pg_sleep(${(answerMs * 1.5) / 1000})`)
    await client.query('COMMIT')
    proxy.silence('pool')
    expect(isUnavailable(await failureOf(client.query('SELECT 1')))).toBe(true)
  })

  it('to a server that takes no changes any more is not used again, and neither are the others', async () => {
    const database = await withDatabase()
    const name = new URL(database.databaseUrl ?? '').pathname.slice(1)
    const store = await openForTest(database, { poolSize: 3 })
    const sessions = () =>
      asOperator(
        database.databaseUrl,
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'keystead'`,
      )
    await Promise.all([1, 2, 3].map(() => store.db.$queryRaw`SELECT pg_sleep(0.1)::text`))
    const before = await sessions()
    expect(before).toHaveLength(3)
    const refused = failureOf(
      store.transaction(async (tx) => {
        await tx.$executeRaw`SET TRANSACTION READ ONLY`
        await tx.installation.deleteMany()
      }),
    )
    expect(isUnavailable(await refused)).toBe(true)
    await asOperator(database.databaseUrl, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    const error = await failureOf(store.db.installation.count())
    expect([isUnavailable(error), String(error)]).toEqual([true, expect.stringContaining('takes no changes')])
    await asOperator(
      database.databaseUrl,
      'SET default_transaction_read_only = off',
      `ALTER DATABASE ${name} RESET default_transaction_read_only`,
    )
    expect(await store.db.installation.count()).toBe(0)
    const after = await sessions()
    expect(after.filter(({ pid }) => before.some((each) => each['pid'] === pid))).toEqual([])
  })
})
