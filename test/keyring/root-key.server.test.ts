import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, environmentFor, type Person, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const plaintext = base64('hello')
const orders = {
  installation: 'id',
  keys: 'id',
  key_versions: 'id',
  key_material: 'version_id',
  audit_events: 'id',
}

/** Everything that is stored, row by row. */
async function readAll(story: Story): Promise<unknown[]> {
  const rows: unknown[] = []
  for (const [table, column] of Object.entries(orders)) {
    rows.push(await story.sql(`SELECT * FROM ${table} ORDER BY ${column}`))
  }
  return rows
}

/** What a server on the story's database says when it is started with other settings; the story's own is stopped. */
async function refusalWith(story: Story, settings: Record<string, string>): Promise<string> {
  await story.stop()
  const config = readConfig(await environmentFor(story.database, settings))
  const starting = createApp(config, { clock: story.clock, log: createLog('silent', { write: () => {} }) })
  return starting.then(
    async (app) => {
      await app.close()
      throw new Error('the server started')
    },
    (error: Error) => error.message,
  )
}

async function makeCiphertext(story: Story): Promise<string> {
  const client = story.as(mia)
  const created = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  const input = { key: created['userKey'].id, plaintext }
  return (await client.mutate('encrypt', input, 'ciphertext'))['ciphertext']
}

async function expectOpens(story: Story, ciphertext: string): Promise<void> {
  const opened = await story.as(mia).mutate('decrypt', { ciphertext }, 'plaintext')
  expect(opened).toMatchObject({ plaintext })
}

describe.skipIf(hasNoDatabase())('a root key', () => {
  it('from the environment opens what it wrapped; a server with another one does not start and touches nothing', async () => {
    const rootKey = randomBytes(32).toString('base64')
    const story = await startStoryForTest({ ROOT_KEY_PROVIDER: 'env', ROOT_KEY: rootKey })
    const ciphertext = await makeCiphertext(story)
    const before = await readAll(story)
    const other = randomBytes(32).toString('base64')
    const refusal = await refusalWith(story, { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: other })
    expect(refusal).toMatch(
      /wrapped by root key local-[0-9a-f]{16}, but the configured root key is local-[0-9a-f]{16}/,
    )
    for (const secret of [rootKey, other]) expect(refusal).not.toContain(secret)
    await story.restart()
    expect(await readAll(story)).toEqual(before)
    await expectOpens(story, ciphertext)
    expect(existsSync(join(story.database.dataFolder, 'root.key'))).toBe(false)
    expect(story.logged.join('\n')).not.toContain(rootKey)
  })

  it('that is no base64 of 32 bytes is refused with the way to make one', async () => {
    const story = await startStoryForTest()
    for (const rootKey of [
      'short',
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('base64'),
      `${randomBytes(32).toString('base64url').slice(0, -1)}_`,
    ]) {
      const refusal = await refusalWith(story, { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: rootKey })
      expect(refusal).toContain('ROOT_KEY')
      expect(refusal).not.toContain(rootKey)
    }
    await story.restart()
  })

  it('in a file is made at the first start, for its owner alone, and stays the same', async () => {
    const story = await startStoryForTest()
    const path = join(story.database.dataFolder, 'root.key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const content = readFileSync(path, 'utf8')
    expect(Buffer.from(content, 'base64')).toHaveLength(32)
    const ciphertext = await makeCiphertext(story)
    await story.restart()
    expect(readFileSync(path, 'utf8')).toBe(content)
    await expectOpens(story, ciphertext)
  })

  it('in a file that is missing beside a database with keys is not replaced by a new one', async () => {
    const story = await startStoryForTest()
    const path = join(story.database.dataFolder, 'root.key')
    const ciphertext = await makeCiphertext(story)
    renameSync(path, `${path}.kept`)
    expect(await refusalWith(story, {})).toMatch(/is missing.*Put the file back/)
    expect(existsSync(path)).toBe(false)
    renameSync(`${path}.kept`, path)
    await story.restart()
    await expectOpens(story, ciphertext)
  })

  it.each([
    ['holds something else', 0o600, 'not a key', 'does not hold the base64 of 32 bytes'],
    ['is empty', 0o600, '', 'does not hold the base64 of 32 bytes'],
    [
      'holds another root key',
      0o600,
      `${randomBytes(32).toString('base64')}\n`,
      'but the configured root key is',
    ],
  ])('in a file that %s is refused', async (_what, mode, content, expected) => {
    const story = await startStoryForTest()
    const path = join(story.database.dataFolder, 'root.key')
    const ciphertext = await makeCiphertext(story)
    const kept = readFileSync(path, 'utf8')
    if (content !== null) writeFileSync(path, content)
    chmodSync(path, mode)
    expect(await refusalWith(story, {})).toContain(expected)
    expect(readFileSync(path, 'utf8')).toBe(content ?? kept)
    writeFileSync(path, kept)
    chmodSync(path, 0o600)
    await story.restart()
    await expectOpens(story, ciphertext)
  })
})
