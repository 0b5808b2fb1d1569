import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { newRecipient } from '../backup/operator.ts'
import { quickStart, runCommand } from '../support/command-process.ts'
import { createPowerCutDisk, type PowerCutDisk, whyNoPowerCutDisk } from '../support/power-cut-disk.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const reason = whyNoPowerCutDisk()
const hasNoDisk = reason !== null && cannotRun('the tests with a power cut', reason)

/** Below folders that are not there yet: each of them must survive, too. */
const dataFolderOn = (disk: PowerCutDisk) => join(disk.folder, 'made', 'at first start')

/** A ciphertext that the server has given away, and what it must open to. */
interface Acknowledged {
  readonly ciphertext: string
  readonly plaintext: string
}

describe.skipIf(hasNoDisk)('after a power cut', () => {
  it('everything acknowledged since the first start is there, whenever the power went', async () => {
    const disk = createPowerCutDisk()
    const server = await startOn(disk)
    const acknowledged: Acknowledged[] = []
    const cuts: { disk: PowerCutDisk; count: number }[] = []
    // Stands still meanwhile: what is copied is one moment.
    const cut = (pause: boolean) => {
      if (pause) server.child.kill('SIGSTOP')
      cuts.push({ disk: disk.copyAfterPowerCut(), count: acknowledged.length })
      if (pause) server.child.kill('SIGCONT')
    }
    for (const count of [1, 50, 150]) {
      while (acknowledged.length < count)
        acknowledged.push(await encrypt(server, `text ${acknowledged.length}`))
      cut(true)
    }
    expect(await server.stop('SIGTERM')).toBe(0)
    cut(false)
    expect(cuts.map(({ count }) => count)).toEqual([1, 50, 150, 150])
    for (const { disk: left, count } of cuts) {
      const again = await startOn(left)
      for (const { ciphertext, plaintext } of acknowledged.slice(0, count)) {
        expect(await decrypt(again, ciphertext)).toBe(plaintext)
      }
      expect(await again.stop('SIGTERM')).toBe(0)
    }
  }, 900_000)

  it('in the middle of the first start, the next start begins again or goes on', async () => {
    const disk = createPowerCutDisk()
    const child = spawn(process.execPath, [...quickStart, join(import.meta.dirname, '../../src/main.ts')], {
      env: { DATA_FOLDER: dataFolderOn(disk), PORT: '0' },
      stdio: 'ignore',
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const cuts: PowerCutDisk[] = []
    // Each of these appears once the step before it is over.
    for (const made of ['database.new/PG_VERSION', 'database', 'root.key']) {
      await vi.waitUntil(() => existsSync(join(dataFolderOn(disk), made)), { timeout: 60_000, interval: 1 })
      child.kill('SIGSTOP')
      cuts.push(disk.copyAfterPowerCut())
      child.kill('SIGCONT')
    }
    for (const left of cuts) {
      const server = await startOn(left)
      const { ciphertext, plaintext } = await encrypt(server, 'after the cut')
      expect(await decrypt(server, ciphertext)).toBe(plaintext)
      expect(await server.stop('SIGTERM')).toBe(0)
      expect(readdirSync(dataFolderOn(left))).not.toContain('database.new')
    }
  }, 900_000)

  it('a restore into a new folder is there once the command has ended', async () => {
    const disk = createPowerCutDisk()
    const server = await startOn(disk)
    const acknowledged = [await encrypt(server, 'one'), await encrypt(server, 'two')]
    expect(await server.stop('SIGTERM')).toBe(0)
    const { publicKey, privateKey } = newRecipient()
    const backup = join(disk.folder, 'backups.keystead')
    const environment = { DATA_FOLDER: dataFolderOn(disk) }
    expect(await runCommand(environment, 'backup', backup, '--recipient', publicKey)).toMatchObject({
      code: 0,
    })
    const afterBackup = disk.copyAfterPowerCut()
    const restored = join(afterBackup.folder, 'restored', 'here')
    const rootKey = join(dataFolderOn(afterBackup), 'root.key')
    const restore = { DATA_FOLDER: restored, ROOT_KEY_FILE: rootKey }
    const file = join(afterBackup.folder, 'backups.keystead')
    expect(await runCommand(restore, 'restore', file, '--private-key', privateKey)).toMatchObject({ code: 0 })
    const left = afterBackup.copyAfterPowerCut()
    const again = await startOn(left, {
      DATA_FOLDER: join(left.folder, 'restored', 'here'),
      ROOT_KEY_FILE: join(dataFolderOn(left), 'root.key'),
    })
    for (const { ciphertext, plaintext } of acknowledged)
      expect(await decrypt(again, ciphertext)).toBe(plaintext)
    expect(await again.stop('SIGTERM')).toBe(0)
  }, 900_000)
})

async function startOn(
  disk: PowerCutDisk,
  settings: Record<string, string> = { DATA_FOLDER: dataFolderOn(disk) },
): Promise<ServerProcess> {
  const server = await startServerProcess({ ...settings, PORT: '0' })
  onTestFinished(async () => {
    if (server.child.exitCode === null) await server.stop('SIGKILL')
  })
  return server
}

async function encrypt(server: ServerProcess, text: string): Promise<Acknowledged> {
  const plaintext = Buffer.from(text).toString('base64')
  const { encryptWithServiceKey } = await send(
    server,
    `mutation ($input: EncryptWithServiceKeyInput!) {
      encryptWithServiceKey(input: $input) { ... on EncryptWithServiceKeyPayload { ciphertext } } }`,
    { plaintext },
  )
  return { ciphertext: encryptWithServiceKey['ciphertext'], plaintext }
}

async function decrypt(server: ServerProcess, ciphertext: string): Promise<string | undefined> {
  const { decryptWithServiceKey } = await send(
    server,
    `mutation ($input: DecryptWithServiceKeyInput!) {
      decryptWithServiceKey(input: $input) { ... on DecryptWithServiceKeyPayload { plaintext } } }`,
    { ciphertext },
  )
  return decryptWithServiceKey['plaintext']
}

async function send({ url }: ServerProcess, query: string, input: object) {
  const { token } = await (await fetch(`${url}/dev/tokens/agent`)).json()
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = await response.json()
  expect(errors).toBeUndefined()
  return data
}
