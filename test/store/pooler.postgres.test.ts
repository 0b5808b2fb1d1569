import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { hasNoPooler, type Pooler, type PoolMode, startPooler } from '../support/pooler.ts'
import { base64, clientFor, type Person, startStoryOn } from '../support/story.ts'
import { withDatabase, withEmptyDatabase } from '../support/test-store.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

async function behindPooler(mode: PoolMode = 'transaction'): Promise<{
  direct: string
  database: TestDatabase
  pooler: Pooler
}> {
  const database = await withDatabase()
  const direct = database.databaseUrl ?? ''
  return { direct, database, pooler: await startPooler(direct, mode) }
}

/** The text with which a store refuses to open. */
async function refusalOf(
  { dataFolder }: TestDatabase,
  databaseUrl: string,
  listenUrl: string | null = null,
): Promise<string> {
  const warnings: string[] = []
  const opening = openStore({
    databaseUrl,
    listenUrl,
    dataFolder,
    poolSize: 4,
    migrate: true,
    warn: (text) => void warnings.push(text),
  })
  return opening.then(
    async (store) => {
      await store.close()
      return `not refused; warnings: ${warnings.join()}`
    },
    (error: Error) => error.message,
  )
}

describe.skipIf(hasNoDatabase() || hasNoPooler())('behind PgBouncer', () => {
  it('serves in transaction mode, sets nothing on sessions, and hears of changes by others', async () => {
    const { pooler, direct, story } = await startBehindPooler()
    const replica = await createApp(story.config, {
      clock: story.clock,
      log: createLog('silent', { write: () => {} }),
    })
    onTestFinished(() => replica.close())
    const [here, there] = [story.as(mia), clientFor(mia, { getUrl: () => replica.url, clock: story.clock })]
    const keys = await Promise.all(
      ['orders', 'invoices', 'people', 'tokens'].map((name) =>
        here.mutate('createUserKey', { name }, 'userKey { id }'),
      ),
    )
    const encrypt = (client: typeof here, key: string) =>
      client.mutate('encrypt', { key, plaintext: base64('x') }, 'ciphertext')
    const results = await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        encrypt(index % 2 ? here : there, keys[index % 4]?.['userKey'].id),
      ),
    )
    expect(results.filter(({ __typename }) => __typename !== 'EncryptPayload')).toEqual([])
    const sessions = await Promise.all(Array.from({ length: 5 }, () => settingsOf(pooler.databaseUrl)))
    expect(new Set(sessions)).toEqual(new Set([await settingsOf(direct)]))
    // The cache would hold the key for a minute.
    await here.mutate('deactivateKeyVersion', { version: { key: 'orders', number: 1 } })
    await expect
      .poll(async () => (await encrypt(there, 'orders')).__typename, { timeout: 10_000 })
      .not.toBe('EncryptPayload')
  })

  it('serves again after the pooler was killed', async () => {
    const { pooler, story } = await startBehindPooler()
    const client = story.as(mia)
    await client.mutate('createUserKey', { name: 'orders' })
    await pooler.restart()
    await expect
      .poll(async () => (await client.send('{ userKeys(first: 1) { totalCount } }')).data, {
        timeout: 30_000,
      })
      .toEqual({ userKeys: { totalCount: 1 } })
    expect(
      await client.mutate('encrypt', { key: 'orders', plaintext: base64('x') }, 'ciphertext'),
    ).toMatchObject({ __typename: 'EncryptPayload' })
  })

  it('refuses to start where notifications do not arrive', async () => {
    const { database, direct, pooler } = await behindPooler()
    const other = await withEmptyDatabase()
    const wrongAddress = /do not arrive over DATABASE_LISTEN_URL/
    const expected = [
      [null, /^Notifications do not arrive over DATABASE_URL.*set DATABASE_LISTEN_URL/],
      [pooler.databaseUrl, wrongAddress],
      [other.databaseUrl, wrongAddress],
      [direct, /^not refused/],
    ] as const
    const refusals = await Promise.all(
      expected.map(([address]) => refusalOf(database, pooler.databaseUrl, address)),
    )
    for (const [index, [, text]] of expected.entries()) expect(refusals[index]).toMatch(text)
    const closed = new URL(direct)
    closed.port = '1'
    expect(await refusalOf(database, pooler.databaseUrl, closed.href)).toMatch(
      /^The database at DATABASE_LISTEN_URL cannot be reached \(ECONNREFUSED\)/,
    )
  })

  it('needs nothing else in session mode', async () => {
    const { database, pooler } = await behindPooler('session')
    expect(await refusalOf(database, pooler.databaseUrl)).toBe('not refused; warnings: ')
  })

  it('refuses to start in statement mode', async () => {
    const { database, direct, pooler } = await behindPooler('statement')
    expect(await refusalOf(database, pooler.databaseUrl, direct)).toMatch(/pool_mode = statement/)
  })

  it('says what must be set for its role where that is needed, and what would better be', async () => {
    const { database, direct, pooler } = await behindPooler()
    expect(await refusalOf(database, pooler.databaseUrl, direct)).toContain(
      "ALTER ROLE CURRENT_USER SET statement_timeout TO '15s'",
    )
    const name = new URL(direct).pathname.slice(1)
    await asOperator(direct, `ALTER DATABASE ${name} SET timezone = 'Asia/Seoul'`)
    await pooler.restart()
    expect(await refusalOf(database, pooler.databaseUrl, direct)).toMatch(
      /TimeZone is Asia\/Seoul; run ALTER ROLE CURRENT_USER SET TimeZone TO 'UTC'/,
    )
    // Without a pooler, sessions are its own.
    expect(await refusalOf(database, direct)).toBe('not refused; warnings: ')
  })
})

describe.skipIf(hasNoDatabase())('an engine that has in name only what Keystead relies on', () => {
  it.each([
    [
      'advisory locks',
      `CREATE FUNCTION fake.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS ''`,
      /^Advisory locks do nothing/,
    ],
    [
      'locks of rows',
      `CREATE VIEW fake._prisma_migrations AS
         WITH rows AS MATERIALIZED (SELECT * FROM public._prisma_migrations) SELECT * FROM rows`,
      /^FOR UPDATE SKIP LOCKED does nothing/,
    ],
  ])('is found out at the start: %s', async (_, sql, refusal) => {
    const database = await withDatabase()
    const url = database.databaseUrl ?? ''
    const name = new URL(url).pathname.slice(1)
    await asOperator(url, 'CREATE SCHEMA fake', sql)
    await asOperator(url, `ALTER DATABASE ${name} SET search_path = fake, public, pg_catalog`)
    expect(await refusalOf(database, url)).toMatch(refusal)
  })
})

async function startBehindPooler() {
  const { database, direct, pooler } = await behindPooler()
  const story = await startStoryOn(
    { ...database, databaseUrl: pooler.databaseUrl },
    { DATABASE_LISTEN_URL: direct, CACHE_LIFETIME_MS: '60000' },
  )
  onTestFinished(() => story.stop())
  return { pooler, direct, story }
}

/** What a session has that Keystead sets on its own ones. */
async function settingsOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ settings: string }>(
      `SELECT concat_ws(',', current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
        current_setting('extra_float_digits'), pg_sleep(0.2)) AS settings`,
    )
    return rows[0]?.settings ?? ''
  } finally {
    await client.end()
  }
}
