import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createExternalKey, openImport, wrapMaterial } from '../keys/wrap-material.ts'
import { runCommand, startCommand } from '../support/command-process.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { environmentFor, type Story, startStoryForTest } from '../support/story.ts'
import {
  createHeldKey,
  destroyVersion,
  encryptWith,
  expectAllOpen,
  type HeldKey,
  mia,
  progress,
  readRootKeyFile,
  readRootKeyUse,
  rotateHeldKey,
} from './held-keys.ts'

async function startWithCommand() {
  const story = await startStoryForTest()
  const environment = await environmentFor(story.database)
  const run = (...args: string[]) => runCommand(environment, 'root-key', ...args)
  return { story, environment, run }
}

/** Creates, encrypts, decrypts, rotates and destroys until it is told to stop; every answer must be a good one. */
async function workUntil(story: Story, stopped: () => boolean, keys: HeldKey[]): Promise<number> {
  const client = story.as(mia)
  const doomed = await createHeldKey(client, 12)
  keys.push(doomed)
  let rounds = 0
  while (!stopped() || rounds < 3) {
    const key = await createHeldKey(client)
    keys.push(key)
    await rotateHeldKey(client, key)
    await encryptWith(client, doomed)
    await expectAllOpen(client, [key])
    if (doomed.destroyed.size < 10) await destroyVersion(client, doomed, doomed.destroyed.size + 1)
    story.clock.advance({ minutes: 1 })
    await story.app.housekeeping.runOnce()
    rounds++
  }
  return rounds
}

describe.skipIf(hasNoDatabase())('rotation of the root key', () => {
  it('under load loses nothing, brings nothing back, and leaves nothing under the old root key', async () => {
    const { story, environment, run } = await startWithCommand()
    const client = story.as(mia)
    const keys = await Promise.all(Array.from({ length: 20 }, () => createHeldKey(client, 3)))
    const external = await createExternalKey(client, { name: 'external' })
    const open = await openImport(client, external)
    const [oldLine] = readRootKeyFile(story)

    let rotated = false
    const working = [1, 2].map(() => workUntil(story, () => rotated, keys))
    const done = await startCommand(environment, 'root-key', 'rotate').result
    rotated = true
    await Promise.all(working)
    expect(done).toMatchObject({ code: 0, said: expect.stringMatching(progress) })
    const [, rootKeyId = ''] = /rewrapped under the root key (\S+)\./.exec(done.printed) ?? []
    expect(done.printed).toContain('Nothing is left under another root key.')
    expect(done.printed).toMatch(/To retire local-[0-9a-f]{16}: Run keystead root-key retire/)

    // The parameters were handed out before.
    const wrappedMaterial = wrapMaterial(open, new Uint8Array(32).fill(7))
    const input = { key: external, importParametersId: open.id, wrappedMaterial }
    expect(await client.mutate('importKeyVersion', input, 'version { number }')).toMatchObject({
      version: { number: 1 },
    })
    story.clock.advance({ minutes: 1 })
    await story.app.housekeeping.runOnce()
    await expectAllOpen(client, keys)
    expect(Object.keys(await readRootKeyUse(story))).toEqual([rootKeyId])
    const zombies = await story.sql(
      `SELECT v.id FROM key_versions v JOIN key_material m ON m.version_id = v.id WHERE v.status = 'DESTROYED'`,
    )
    expect(zombies).toEqual([])

    expect(readRootKeyFile(story)).toHaveLength(2)
    expect(readRootKeyFile(story)[1]).toBe(oldLine)
    expect(statSync(join(story.database.dataFolder, 'root.key')).mode & 0o777).toBe(0o600)
    expect(await run('retire')).toMatchObject({
      code: 0,
      printed: expect.stringContaining('Retired: local-'),
    })
    expect(readRootKeyFile(story)).toHaveLength(1)
    expect(readRootKeyFile(story)).not.toContain(oldLine)
    await story.restart()
    await expectAllOpen(client, keys.slice(0, 25))
  }, 240_000)

  it('goes on where it was after it was killed, at whatever moment, with no third root key', async () => {
    const { story, environment, run } = await startWithCommand()
    const client = story.as(mia)
    const keys = await Promise.all(Array.from({ length: 30 }, () => createHeldKey(client, 8)))
    await story.stop()
    for (let round = 0; round < 6; round++) {
      const command = startCommand(environment, 'root-key', 'rotate')
      let ended = false
      command.result.finally(() => {
        ended = true
      })
      if (round === 0) {
        // As soon as the new root key is durable, which is before anything is under it.
        while (readRootKeyFile(story).length === 1 && !ended) await wait(1)
      } else {
        await wait(Math.random() * 1500)
      }
      command.kill()
      await command.result
      expect(readRootKeyFile(story).length).toBeLessThanOrEqual(2)
    }
    const done = await run('rotate')
    expect(done).toMatchObject({ code: 0, said: expect.stringMatching(progress) })
    expect(readRootKeyFile(story)).toHaveLength(2)
    expect(await run('retire')).toMatchObject({ code: 0 })
    expect(Object.values(await readRootKeyUse(story))).toEqual([1 + 30 * 8])
    await expectAllOpen(client, keys.slice(0, 5))
  }, 240_000)

  it('is seen in the status, before, while a root key waits, and after', async () => {
    const { story, run } = await startWithCommand()
    await createHeldKey(story.as(mia), 4)
    const status = async () => (await run('status')).printed.trim().split('\n')
    expect(await status()).toEqual([expect.stringMatching(/^local-\S+ {2}in use {2}4 versions, 0 imports$/)])
    expect(await run('rotate', '--add-only')).toMatchObject({ code: 0 })
    // Again: the one that waits is the one.
    expect(await run('rotate', '--add-only')).toMatchObject({ code: 0 })
    expect(await status()).toEqual([
      expect.stringMatching(/ {2}waits for rotation {2}0 versions, 0 imports$/),
      expect.stringMatching(/ {2}in use {2}4 versions, 0 imports$/),
    ])
    expect(await run('retire')).toMatchObject({
      code: 1,
      said: expect.stringContaining('has yet to take place'),
    })
    expect(await run('rotate')).toMatchObject({ code: 0 })
    expect(await status()).toEqual([
      expect.stringMatching(/ {2}in use {2}4 versions, 0 imports$/),
      expect.stringMatching(/ {2}can be retired {2}0 versions, 0 imports$/),
    ])
    // To run it once more is to do nothing, until the old one is retired.
    expect((await run('rotate')).printed).toMatch(/^0 rewrapped/)
    expect(readRootKeyFile(story)).toHaveLength(2)
    await run('retire')
    expect(await run('retire')).toMatchObject({ code: 0, printed: 'There is no root key to retire.\n' })
    expect((await run('rotate')).printed).toMatch(/^4 rewrapped/)
  })

  it('is on record at its start and at its end, by system:operator, and in a trail that verifies', async () => {
    const { story, run } = await startWithCommand()
    await createHeldKey(story.as(mia), 3)
    await run('rotate')
    await run('retire')
    const rows = await story.sql(
      `SELECT project_id, actor, outcome, details FROM audit_events WHERE action = 'ROTATE_ROOT_KEY' ORDER BY id`,
    )
    const common = { project_id: '', actor: 'system:operator', outcome: 'SUCCEEDED' }
    const id = expect.stringMatching(/^local-[0-9a-f]{16}$/)
    expect(rows).toEqual([
      { ...common, details: { phase: 'started', from: id, to: id } },
      { ...common, details: { phase: 'finished', to: id, rewrapped: 3, unopened: 0 } },
      { ...common, details: { phase: 'retired', rootKeyId: id } },
    ])
    const environment = await environmentFor(story.database)
    expect(await runCommand(environment, 'audit', 'verify')).toMatchObject({ code: 0 })
  })

  it('leaves what does not open where it is, names it, and ends with 1', async () => {
    const { story, run } = await startWithCommand()
    const client = story.as(mia)
    const [good, bad] = [await createHeldKey(client), await createHeldKey(client)]
    const [row] = await story.sql(
      `UPDATE key_material SET wrapped = decode(repeat('00', 60), 'hex')
       WHERE version_id = (SELECT max(version_id::text)::uuid FROM key_material) RETURNING version_id`,
    )
    await story.stop()
    const done = await run('rotate')
    expect(done).toMatchObject({ code: 1, printed: expect.stringContaining('1 do not open') })
    expect(done.said).toContain(`key material ${row?.['version_id']} does not verify`)
    // Until an operator has seen to it, the old root key cannot be retired.
    expect(await run('retire')).toMatchObject({ code: 0, printed: 'There is no root key to retire.\n' })
    expect((await run('status')).printed).toContain('being rotated away from  1 versions')
    await story.restart()
    await expectAllOpen(client, [good])
    expect(
      (
        await client.send(
          `mutation { decrypt(input: { ciphertext: "${bad.ciphertexts[0]?.text}" }) { __typename } }`,
        )
      ).errors[0]?.extensions.code,
    ).toBe('INTERNAL')
  })
})
