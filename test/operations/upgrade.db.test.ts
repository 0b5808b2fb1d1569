import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readMigrations } from '../../src/store/migrate.ts'
import { runCommand } from '../support/command-process.ts'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { base64, type Client, environmentFor, type Person, startStoryOn } from '../support/story.ts'
import { withEmptyDatabase } from '../support/test-store.ts'
import expected from './first-release/expected.json' with { type: 'json' }

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const agent: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
const context = base64('context')
const rootKey = { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: expected.rootKey }
const rows = readFileSync(join(import.meta.dirname, 'first-release/rows.sql'), 'utf8')

/** A database as a server of the first release left it: with the first migration, and what that server wrote. */
async function databaseOfFirstRelease(): Promise<TestDatabase> {
  const database = await withEmptyDatabase()
  const [first] = readMigrations()
  await runScript(database, `${first?.sql};\n${rows}`)
  return database
}

async function runScript(database: TestDatabase, sql: string): Promise<void> {
  if (database.databaseUrl !== null) {
    const client = new pg.Client({ connectionString: database.databaseUrl })
    await client.connect()
    await client.query(sql)
    return client.end()
  }
  const folder = join(database.dataFolder, 'database')
  const pglite = await PGlite.create(folder)
  await pglite.exec(sql)
  await pglite.close()
}

/** Everything that the first release encrypted opens, and what it signed verifies. */
async function expectAllWorks(client: Client, service: Client): Promise<void> {
  for (const { ciphertext, plaintext, keyName } of expected.ciphertexts) {
    const where = keyName
      ? { version: { key: (await keyNamed(client, keyName)).id, number: 1 } }
      : { additionalAuthenticatedData: context }
    const opened = await client.mutate('decrypt', { ciphertext, ...where }, 'plaintext')
    expect(opened['plaintext']).toBe(base64(plaintext))
  }
  for (const { name, signature } of expected.signatures) {
    const { id } = await keyNamed(client, name)
    const message = base64('signed by the first release')
    expect(
      await client.mutate('verify', { version: { key: id, number: 1 }, message, signature }, 'valid'),
    ).toMatchObject({
      valid: true,
    })
  }
  const { ciphertext, plaintext } = expected.service
  const opened = await service.mutate(
    'decryptWithServiceKey',
    { ciphertext, additionalAuthenticatedData: context },
    'plaintext',
  )
  expect(opened['plaintext']).toBe(base64(plaintext))
}

async function keyNamed(client: Client, name: string) {
  const { userKey } = await client.ask<{ userKey: { id: string; defaultVersion: { number: number } } }>(
    'query($name: KeyRef!) { userKey(key: $name) { id defaultVersion { number } } }',
    { name },
  )
  return userKey
}

describe.skipIf(hasNoDatabase())('a database of the first release', () => {
  it('was made with the first migration as it is today: a migration that was released is never edited', () => {
    const [first] = readMigrations()
    const checksum = createHash('sha256')
      .update(first?.sql ?? '')
      .digest('hex')
    expect(rows).toContain(`'${checksum}', '2026-11-25 03:13:55+00', '${first?.name}'`)
  })

  it('is brought up to date at the start, with every key, and its work is carried on', async () => {
    const dayAfter = new Date('2026-11-26T00:00:00Z')
    const story = await startStoryOn(await databaseOfFirstRelease(), rootKey, dayAfter)
    onTestFinished(() => story.stop())
    const client = story.as(ada)
    const orders = await keyNamed(client, 'orders')
    // The first release had taken it out of use.
    await client.mutate('activateKeyVersion', { version: { key: orders.id, number: 2 } }, '__typename')
    await expectAllWorks(client, story.as(agent))
    expect(orders.defaultVersion.number).toBe(3)
    await client.mutate('rotateUserKey', { key: orders.id }, 'version { number }')
    expect((await keyNamed(client, 'orders')).defaultVersion.number).toBe(4)
    // What the first release had scheduled is done by this one.
    const { destroyed } = expected
    await story.app.housekeeping.runOnce()
    const { errors, data } = await client.send(
      'mutation($input: DecryptInput!) { decrypt(input: $input) { ... on UserError { code } } }',
      { input: { ciphertext: destroyed.ciphertext, additionalAuthenticatedData: context } },
    )
    expect(errors).toEqual([])
    expect(data.decrypt.code).toBe('INVALID_KEY_STATE')
  })

  it('keeps the name of its root key, rotates away from it and retires it', {
    timeout: 300_000,
  }, async () => {
    const database = await databaseOfFirstRelease()
    const file = join(database.dataFolder, 'root.key')
    writeFileSync(file, `${expected.rootKey}\n`, { mode: 0o600 })
    const story = await startStoryOn(database, {}, new Date('2026-11-26T00:00:00Z'))
    onTestFinished(() => story.stop())
    const environment = await environmentFor(database)
    const run = (...words: string[]) => runCommand(environment, 'root-key', ...words)
    const former = /'(?<name>local-[0-9a-f]{16})'/.exec(rows)?.groups?.['name']
    const before = await run('status')
    expect(before.printed.trim().split('\n')).toEqual([expect.stringMatching(`^${former}  in use  `)])
    // Nothing is retired that something is stored under.
    expect(await run('retire')).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).toBe(`${expected.rootKey}\n`)

    expect(await run('rotate')).toMatchObject({ code: 0 })
    // A process that finds nothing stored under the former name calls the key by its present one.
    expect((await run('status')).printed).toMatch(
      /^local-.* {2}in use {2}.*\nlocal-[0-9a-f]{16} {2}can be retired/,
    )
    expect(await run('retire')).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).not.toContain(expected.rootKey)
    await story.restart()
    await story.as(ada).mutate('activateKeyVersion', {
      version: { key: (await keyNamed(story.as(ada), 'orders')).id, number: 2 },
    })
    await expectAllWorks(story.as(ada), story.as(agent))
  })

  it('is brought up to date once by two servers that start at the same moment', async () => {
    const database = await databaseOfFirstRelease()
    if (database.databaseUrl === null) return expectOneToStart(database)
    const environment = await environmentFor(database, rootKey)
    const servers = await Promise.all([startServerProcess(environment), startServerProcess(environment)])
    onTestFinished(async () => {
      for (const server of servers) await server.stop('SIGTERM')
    })
    const client = new pg.Client({ connectionString: database.databaseUrl })
    await client.connect()
    const applied = await client.query('SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1')
    await client.end()
    expect(applied.rows.map(({ name }) => name)).toEqual(readMigrations().map(({ name }) => name))
  })
})

/** The embedded database belongs to one server: the other one says so, and does nothing. */
async function expectOneToStart(database: TestDatabase): Promise<void> {
  const environment = await environmentFor(database, rootKey)
  const starts = await Promise.allSettled([startServerProcess(environment), startServerProcess(environment)])
  const started = starts.filter((start) => start.status === 'fulfilled')
  const refused = starts.filter((start) => start.status === 'rejected')
  expect([started.length, refused.length]).toEqual([1, 1])
  expect(String(refused[0]?.reason)).toContain('Another process')
  expect(await started[0]?.value.stop('SIGTERM')).toBe(0)
}
