import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { base64, type Client, type Person, type Story } from '../support/story.ts'

/** Who holds the keys. */
export const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** What a rotation says on standard error: how far it is, from time to time. */
export const progress = /^(\d+ rewrapped\n)*$/

/** A key and what was encrypted with its versions, as the server has acknowledged it. */
export interface HeldKey {
  readonly id: string
  readonly ciphertexts: { readonly version: number; readonly text: string }[]
  versions: number
  readonly destroyed: Set<number>
}

const plaintext = base64('hello')
let count = 0

/** A new key with one ciphertext of each of its versions. */
export async function createHeldKey(client: Client, versions = 1): Promise<HeldKey> {
  const created = await client.mutate('createUserKey', { name: `held-${++count}` }, 'userKey { id }')
  const key: HeldKey = { id: created['userKey'].id, ciphertexts: [], versions: 1, destroyed: new Set() }
  await encryptWith(client, key)
  while (key.versions < versions) await rotateHeldKey(client, key)
  return key
}

/** Gives it one more version, with a ciphertext. */
export async function rotateHeldKey(client: Client, key: HeldKey): Promise<void> {
  const rotated = await client.mutate('rotateUserKey', { key: key.id }, 'userKey { id }')
  expect(rotated).not.toHaveProperty('code')
  key.versions++
  await encryptWith(client, key)
}

/** One more ciphertext of its default version. */
export async function encryptWith(client: Client, key: HeldKey): Promise<void> {
  const done = await client.mutate('encrypt', { key: key.id, plaintext }, 'ciphertext versionNumber')
  expect(done).not.toHaveProperty('code')
  key.ciphertexts.push({ version: done['versionNumber'], text: done['ciphertext'] })
}

/** Has a version destroyed, which takes effect with the next housekeeping after a minute. */
export async function destroyVersion(client: Client, key: HeldKey, version: number): Promise<void> {
  const input = { version: { key: key.id, number: version } }
  expect(await client.mutate('deactivateKeyVersion', input)).not.toHaveProperty('code')
  const destroyed = await client.mutate('destroyKeyVersion', { ...input, waitingPeriodDays: 0 })
  expect(destroyed).not.toHaveProperty('code')
  key.destroyed.add(version)
}

/** Opens everything that was encrypted, but for what versions did that are destroyed: that opens no more. */
export async function expectAllOpen(client: Client, keys: readonly HeldKey[]): Promise<void> {
  for (const key of keys) {
    for (const { version, text } of key.ciphertexts) {
      const opened = await client.mutate('decrypt', { ciphertext: text }, 'plaintext')
      expect(opened).toMatchObject(key.destroyed.has(version) ? { code: 'INVALID_KEY_STATE' } : { plaintext })
    }
  }
}

/** How much is stored under each root key: of versions, of imports, and of the one installation secret. */
export async function readRootKeyUse(story: Story): Promise<Record<string, number>> {
  const rows = await story.sql(`
    SELECT root_key_id AS id, count(*)::int AS count FROM (
      SELECT root_key_id FROM installation
      UNION ALL SELECT root_key_id FROM key_material
      UNION ALL SELECT root_key_id FROM import_parameters WHERE wrapped IS NOT NULL
    ) AS each GROUP BY root_key_id`)
  return Object.fromEntries(rows.map((row) => [row['id'], row['count']]))
}

/** The lines of a story's root key file. */
export function readRootKeyFile(story: Story): string[] {
  return readFileSync(join(story.database.dataFolder, 'root.key'), 'utf8').trim().split('\n')
}
