import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { runCommand } from '../support/command-process.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { clientFor, environmentFor, type Story, startStoryForTest } from '../support/story.ts'
import { createHeldKey, expectAllOpen, type HeldKey, mia, progress, readRootKeyUse } from './held-keys.ts'

const newRootKey = () => randomBytes(32).toString('base64')

/** Runs a command on a stopped story's data with other settings. */
async function runWith(story: Story, settings: Record<string, string>, ...args: string[]) {
  return runCommand(await environmentFor(story.database, settings), 'root-key', ...args)
}

/** Starts a server with other settings on a stopped story's data, and opens everything through it. */
async function expectOpensWith(story: Story, settings: Record<string, string>, keys: HeldKey[]) {
  const { clock } = story
  const config = readConfig(await environmentFor(story.database, settings))
  const app = await createApp(config, { clock, log: createLog('silent', { write: () => {} }) })
  try {
    await expectAllOpen(clientFor(mia, { getUrl: () => app.url, clock }), keys)
  } finally {
    await app.close()
  }
}

async function startOnEnv() {
  const rootKey = newRootKey()
  const story = await startStoryForTest({ ROOT_KEY_PROVIDER: 'env', ROOT_KEY: rootKey })
  const keys = [await createHeldKey(story.as(mia), 3), await createHeldKey(story.as(mia))]
  await story.stop()
  return { story, rootKey, keys }
}

describe.skipIf(hasNoDatabase())('the root key of the environment', () => {
  it('is rotated to ROOT_KEY from ROOT_KEY_PREVIOUS, which is not needed any more afterwards', async () => {
    const { story, rootKey, keys } = await startOnEnv()
    const next = newRootKey()
    const both = { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: next, ROOT_KEY_PREVIOUS: rootKey }
    // Servers that have both already go on with the one in use, which those know that have not.
    await expectOpensWith(story, both, keys)
    await expectOpensWith(story, { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: rootKey }, keys)
    const done = await runWith(story, both, 'rotate')
    expect(done).toMatchObject({ code: 0, said: expect.stringMatching(progress) })
    expect(done.printed).toMatch(/^4 rewrapped/)
    expect(done.printed).toContain('Take them out of ROOT_KEY_PREVIOUS')
    for (const secret of [rootKey, next]) expect(done.printed + done.said).not.toContain(secret)
    expect((await runWith(story, both, 'retire')).said).toContain('Take them out of ROOT_KEY_PREVIOUS')
    await expectOpensWith(story, { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: next }, keys)
    const late = await runWith(story, { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: rootKey }, 'status')
    expect(late).toMatchObject({ code: 1, said: expect.stringContaining('but the configured root key is') })
  })

  it.each([
    [
      'without a new one',
      (old: string) => ({ ROOT_KEY: old }),
      /no other root key to rotate to.*ROOT_KEY_PREVIOUS/,
    ],
    [
      'without the old one',
      () => ({ ROOT_KEY: newRootKey() }),
      /wrapped by root key local-\S+, but the configured root key is/,
    ],
    [
      'with a wrong old one',
      () => ({ ROOT_KEY: newRootKey(), ROOT_KEY_PREVIOUS: newRootKey() }),
      /wrapped by root key local-\S+, but the configured root keys are/,
    ],
    [
      'with something else as the old one',
      (old: string) => ({ ROOT_KEY: newRootKey(), ROOT_KEY_PREVIOUS: `${old},x` }),
      /ROOT_KEY_PREVIOUS must be the base64 of 32 bytes/,
    ],
  ])('is not rotated %s, and nothing is touched', async (_what, settingsFor, refusal) => {
    const { story, rootKey, keys } = await startOnEnv()
    const done = await runWith(story, { ROOT_KEY_PROVIDER: 'env', ...settingsFor(rootKey) }, 'rotate')
    expect(done.code).toBe(1)
    expect(done.said).toMatch(refusal)
    expect(done.said).not.toContain(rootKey)
    expect(Object.values(await readRootKeyUse(story))).toEqual([5])
    await expectAllOpen(story.as(mia), keys)
    expect(await story.sql(`SELECT id FROM audit_events WHERE action = 'ROTATE_ROOT_KEY'`)).toEqual([])
  })

  it('moves into a file, which root-key create makes and never replaces', async () => {
    const { story, rootKey, keys } = await startOnEnv()
    const path = join(story.database.dataFolder, 'moved.key')
    const file = { ROOT_KEY_PROVIDER: 'file', ROOT_KEY_FILE: path }
    const both = { ...file, ROOT_KEY_PREVIOUS_PROVIDER: 'env', ROOT_KEY: rootKey }
    expect(await runWith(story, both, 'rotate')).toMatchObject({
      code: 1,
      said: expect.stringContaining('is missing'),
    })
    expect(existsSync(path)).toBe(false)
    expect(await runWith(story, both, 'create')).toMatchObject({ code: 0 })
    expect(await runWith(story, both, 'create')).toMatchObject({
      code: 1,
      said: expect.stringContaining('already exists'),
    })
    const done = await runWith(story, both, 'rotate')
    expect(done.printed).toContain('Unset ROOT_KEY_PREVIOUS_PROVIDER')
    await expectOpensWith(story, file, keys)
  })
})

describe.skipIf(hasNoDatabase())('a root key file with another key than the one in use', () => {
  it('is not rotated, and no root key is added to it', async () => {
    const story = await startStoryForTest()
    const key = await createHeldKey(story.as(mia))
    await story.stop()
    const path = join(story.database.dataFolder, 'other.key')
    const content = `${newRootKey()}\n`
    writeFileSync(path, content, { mode: 0o600 })
    const done = await runWith(story, { ROOT_KEY_FILE: path }, 'rotate')
    expect(done).toMatchObject({ code: 1, said: expect.stringContaining('but the configured root key is') })
    expect(readFileSync(path, 'utf8')).toBe(content)
    await story.restart()
    await expectAllOpen(story.as(mia), [key])
  })
})
