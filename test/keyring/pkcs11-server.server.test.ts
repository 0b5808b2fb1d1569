import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { runCommand } from '../support/command-process.ts'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { createSoftHsm, hasNoSoftHsm } from '../support/soft-hsm.ts'
import { clientFor, environmentFor, type Story, startStoryForTest } from '../support/story.ts'
import {
  createHeldKey,
  encryptWith,
  expectAllOpen,
  type HeldKey,
  mia,
  progress,
  readRootKeyUse,
} from './held-keys.ts'

describe.skipIf(hasNoDatabase() || (await hasNoSoftHsm()))('a server whose root key is in an HSM', () => {
  const hsm = createSoftHsm()
  afterAll(() => hsm.dispose())
  const labelled = (label: string) => ({ ...hsm.settings, PKCS11_KEY_LABEL: label })

  async function run(story: Story, settings: Record<string, string>, ...args: string[]) {
    return runCommand(await environmentFor(story.database, settings), 'root-key', ...args)
  }

  async function createRootKey(label: string): Promise<void> {
    const done = await runCommand(labelled(label), 'root-key', 'create')
    expect(done).toMatchObject({ code: 0, said: '' })
    expect(done.printed).toMatch(new RegExp(`root key pkcs11:${label}:[0-9a-f]{16} was created in the HSM`))
  }

  async function expectOpensWith(story: Story, settings: Record<string, string>, keys: HeldKey[]) {
    const { clock } = story
    const config = readConfig(await environmentFor(story.database, settings))
    const app = await createApp(config, { clock, log: createLog('silent', { write: () => {} }) })
    try {
      const client = clientFor(mia, { getUrl: () => app.url, clock })
      await expectAllOpen(client, keys)
      keys.push(await createHeldKey(client))
    } finally {
      await app.close()
    }
  }

  it('does not start without the key, and with it does all that another server does', async () => {
    const settings = labelled('whole')
    const database = await createTestDatabase()
    onTestFinished(() => database.dispose())
    await expect(createApp(readConfig(await environmentFor(database, settings)))).rejects.toThrow(
      'the HSM has no secret key with the label whole',
    )
    await createRootKey('whole')
    const story = await startStoryForTest(settings)
    const keys = [await createHeldKey(story.as(mia), 3)]
    await story.restart()
    await expectAllOpen(story.as(mia), keys)
    expect(Object.keys(await readRootKeyUse(story))).toEqual([expect.stringMatching(/^pkcs11:whole:/)])
    expect(story.logged.join('\n')).not.toContain(hsm.pin)
  })

  it('is not ready while the token is gone, and is again by itself once it is back', async () => {
    await createRootKey('lost')
    const story = await startStoryForTest(labelled('lost'))
    const client = story.as(mia)
    const keys = [await createHeldKey(client)]
    const readiness = async () => (await fetch(`${story.app.url}/health/ready`)).status
    expect(await readiness()).toBe(200)
    hsm.pullOut()
    expect(await readiness()).toBe(503)
    expect(await (await fetch(`${story.app.url}/readyz`)).json()).toMatchObject({ parts: ['rootKey'] })
    const create = 'mutation { createUserKey(input: { name: "late" }) { __typename } }'
    const { errors, text } = await client.send(create)
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAVAILABLE'])
    expect(text).not.toContain('CKR_')
    const warnings = story.logged.map((line) => JSON.parse(line)).filter(({ part }) => part === 'rootKey')
    expect(warnings.length).toBeGreaterThan(0)
    expect(warnings[0]).toMatchObject({
      level: 40,
      msg: expect.stringMatching(/^The root key cannot be used\. .*HSM/),
    })
    expect(story.logged.filter((line) => JSON.parse(line).level === 50)).toEqual([])
    // A key in memory does not need the HSM.
    for (const key of keys) await encryptWith(client, key)
    hsm.putBack()
    await expect.poll(readiness, { timeout: 20_000 }).toBe(200)
    expect((await client.send(create)).errors).toEqual([])
    await story.restart()
    await expectAllOpen(story.as(mia), keys)
  })

  it('can be moved there from a file, which is not needed any more then', async () => {
    const story = await startStoryForTest()
    const keys = [await createHeldKey(story.as(mia), 3)]
    await story.stop()
    await createRootKey('moved')
    const both = { ...labelled('moved'), ROOT_KEY_PREVIOUS_PROVIDER: 'file' }
    await expectOpensWith(story, both, keys)
    const done = await run(story, both, 'rotate')
    expect(done).toMatchObject({ code: 0, said: expect.stringMatching(progress) })
    expect(done.printed).toMatch(/4 rewrapped under the root key pkcs11:moved:/)
    expect(done.printed).toContain('Unset ROOT_KEY_PREVIOUS_PROVIDER')
    rmSync(join(story.database.dataFolder, 'root.key'))
    await expectOpensWith(story, labelled('moved'), keys)
  })

  it('can be moved to another key of the HSM', async () => {
    await createRootKey('first')
    await createRootKey('second')
    const story = await startStoryForTest(labelled('first'))
    const keys = [await createHeldKey(story.as(mia), 3)]
    await story.stop()
    const alone = await run(story, labelled('first'), 'rotate')
    expect(alone).toMatchObject({ code: 1, said: expect.stringContaining('run keystead root-key create') })
    const wrong = await run(story, labelled('second'), 'rotate')
    expect(wrong).toMatchObject({ code: 1, said: expect.stringContaining('but the configured root key is') })
    const both = { ...labelled('second'), PKCS11_PREVIOUS_KEY_LABELS: 'first' }
    expect((await run(story, both, 'rotate')).printed).toMatch(
      /^3 rewrapped under the root key pkcs11:second:/,
    )
    await expectOpensWith(story, labelled('second'), keys)
  })

  it('does not start with a wrong PIN, which shows nowhere', async () => {
    await createRootKey('pin')
    const story = await startStoryForTest(labelled('pin'))
    await story.stop()
    const done = await run(story, { ...labelled('pin'), PKCS11_PIN: '000111' }, 'status')
    expect(done).toMatchObject({ code: 1, said: expect.stringContaining('CKR_PIN_INCORRECT') })
    expect(done.said + done.printed).not.toContain('000111')
  })
})
