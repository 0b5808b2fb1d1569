import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { asOperator } from '../support/as-operator.ts'
import { runCommand, startCommand } from '../support/command-process.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, clientFor, environmentFor, type Story, startStoryForTest } from '../support/story.ts'
import { createHeldKey, expectAllOpen, mia, readRootKeyFile, rotateHeldKey } from './held-keys.ts'

/** Another server on a story's database, with a root key file of its own if one is named. */
async function startReplica(story: Story, rootKeyFile?: string): Promise<Client> {
  const settings = rootKeyFile === undefined ? {} : { ROOT_KEY_FILE: rootKeyFile }
  const config = readConfig(await environmentFor(story.database, settings))
  const { clock } = story
  const app = await createApp(config, { clock, log: createLog('silent', { write: () => {} }) })
  onTestFinished(() => app.close())
  return clientFor(mia, { getUrl: () => app.url, clock })
}

async function copyRootKeyFile(story: Story): Promise<{ path: string; update: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-root-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'root.key')
  const update = () => copyFileSync(join(story.database.dataFolder, 'root.key'), path)
  update()
  return { path, update }
}

async function rootKeyIds(story: Story): Promise<unknown[]> {
  const rows = await asOperator(
    story.database.databaseUrl,
    `SELECT root_key_id FROM installation UNION SELECT root_key_id FROM key_material`,
  )
  return rows.map((row) => row['root_key_id'])
}

/** How much material is under each root key, the smaller number first. */
async function countMaterial(story: Story): Promise<unknown[]> {
  const rows = await asOperator(
    story.database.databaseUrl,
    'SELECT count(*)::int AS count FROM key_material GROUP BY root_key_id ORDER BY 1',
  )
  return rows.map((row) => row['count'])
}

/** Locks some material, as a slow transaction would, until it is told to let go. */
async function holdMaterial(story: Story, max: number): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: story.database.databaseUrl ?? '' })
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT FROM key_material LIMIT $1 FOR UPDATE', [max])
  return () => client.end()
}

describe.skipIf(hasNoDatabase())('rotation of the root key beside two replicas', () => {
  it('is followed by both at once: neither stores anything under the old root key after it', async () => {
    const story = await startStoryForTest()
    const clients = [story.as(mia), await startReplica(story)]
    const keys = await Promise.all(clients.map((client) => createHeldKey(client, 2)))
    const run = async (...args: string[]) => runCommand(await environmentFor(story.database), ...args)
    let isDone = false
    const rotating = run('root-key', 'rotate').finally(() => {
      isDone = true
    })
    const working = clients.map(async (client) => {
      for (let rounds = 0; rounds < 3 || !isDone; rounds++) keys.push(await createHeldKey(client, 2))
    })
    expect(await rotating).toMatchObject({ code: 0 })
    await Promise.all(working)
    const ids = await rootKeyIds(story)
    expect(ids).toHaveLength(1)
    for (const client of clients) {
      keys.push(await createHeldKey(client, 2))
      await expectAllOpen(client, keys)
    }
    expect(await rootKeyIds(story)).toEqual(ids)
    // Both hold the old root key in memory still, and neither falls back to it.
    expect(await run('root-key', 'retire')).toMatchObject({ code: 0 })
    for (const client of clients) keys.push(await createHeldKey(client))
    expect(await rootKeyIds(story)).toEqual(ids)
    await story.restart()
    await expectAllOpen(story.as(mia), keys)
  })

  it('is killed half way, serves, waits for nobody who holds a row, and is finished by the next run', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keys = await Promise.all(Array.from({ length: 20 }, () => createHeldKey(client, 5)))
    const held = 7
    const letGo = await holdMaterial(story, held)
    const environment = await environmentFor(story.database)
    const command = startCommand(environment, 'root-key', 'rotate')
    await expect.poll(() => countMaterial(story), { timeout: 30_000 }).toEqual([held, 100 - held])
    command.kill()
    await command.result
    expect(await countMaterial(story)).toEqual([held, 100 - held])
    await letGo()
    await expectAllOpen(client, keys)
    for (const key of keys.slice(0, 3)) await rotateHeldKey(client, key)
    const done = await runCommand(environment, 'root-key', 'rotate')
    expect(done).toMatchObject({ code: 0, printed: expect.stringMatching(/^7 rewrapped/) })
    expect(await countMaterial(story)).toEqual([103])
    expect(readRootKeyFile(story)).toHaveLength(2)
    await story.restart()
    await expectAllOpen(client, keys)
  }, 180_000)

  it('reaches a replica with a copy of the root key file once the copy is renewed, without a restart', async () => {
    const story = await startStoryForTest()
    const copy = await copyRootKeyFile(story)
    const [here, there] = [story.as(mia), await startReplica(story, copy.path)]
    const keys = [await createHeldKey(here, 2), await createHeldKey(there, 2)]
    const environment = await environmentFor(story.database)
    expect(await runCommand(environment, 'root-key', 'rotate', '--add-only')).toMatchObject({ code: 0 })
    expect(readRootKeyFile(story)).toHaveLength(2)
    copy.update()
    expect(await runCommand(environment, 'root-key', 'rotate')).toMatchObject({ code: 0 })
    for (const client of [here, there]) {
      await expectAllOpen(client, keys)
      for (const key of keys) await rotateHeldKey(client, key)
    }
    expect(await rootKeyIds(story)).toHaveLength(1)
  })

  it('is met with INTERNAL, and nothing worse, by a replica whose copy of the file was forgotten', async () => {
    const story = await startStoryForTest()
    const copy = await copyRootKeyFile(story)
    const [here, there] = [story.as(mia), await startReplica(story, copy.path)]
    const key = await createHeldKey(here)
    expect(await runCommand(await environmentFor(story.database), 'root-key', 'rotate')).toMatchObject({
      code: 0,
    })
    const create = 'mutation { createUserKey(input: { name: "late" }) { __typename } }'
    const { errors } = await there.send(create)
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL'])
    expect(await rootKeyIds(story)).toHaveLength(1)
    copy.update()
    expect((await there.send(create)).errors).toEqual([])
    await expectAllOpen(there, [key])
  })
})
