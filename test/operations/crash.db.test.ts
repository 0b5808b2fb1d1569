import { describe, expect, it, onTestFinished } from 'vitest'
import { verifyAudit } from '../../src/audit/verify.ts'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { openParts } from '../../src/open-parts.ts'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { base64, type Client, clientFor, environmentFor, type Person } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const rounds = 10

/** What the server has acknowledged, and must therefore still know after it was killed. */
interface Acknowledged {
  readonly keyId: string
  versions: number
  readonly ciphertexts: string[]
}

describe.skipIf(hasNoDatabase())('a server that is killed in the middle of its work', () => {
  it(`has lost nothing that it acknowledged, in ${rounds} rounds without any repair`, async () => {
    const database = await createTestDatabase()
    onTestFinished(() => database.dispose())
    const environment = await environmentFor(database, { LOG_LEVEL: 'warn' })
    const keys: Acknowledged[] = []
    let operations = 0
    for (let round = 0; round < rounds; round++) {
      const server = await startServerProcess(environment)
      const client = clientFor(manager, { getUrl: () => server.url, clock: systemClock })
      for (const key of keys) await expectAllThere(client, key)
      const workers = Array.from({ length: 4 }, () => workUntilKilled(client, keys))
      // Not at a quiet moment: once it has done some more work.
      const enough = operations + 10 + Math.floor(Math.random() * 30)
      while (count(keys) < enough) await new Promise((resolve) => setTimeout(resolve, 2))
      await server.stop('SIGKILL')
      await Promise.all(workers)
      operations = count(keys)
    }
    const { parts, close } = await openParts(readConfig(environment), {
      prepare: false,
      alert: (error) => {
        throw error
      },
    })
    onTestFinished(close)
    const { store, auditKeys } = parts
    const verified = await verifyAudit({ db: store.db, chainMac: auditKeys.chainMac })
    // Every process has left its two chains, none of them torn.
    expect(verified).toMatchObject({ findings: [], chains: rounds * 2, recordsBeforeChains: 0 })
    expect(verified.records).toBe(await store.db.auditEvent.count())
    const recorded = await store.db.auditEvent.count({
      where: { outcome: 'SUCCEEDED', action: { not: 'DECRYPT' } },
    })
    expect(operations).toBeGreaterThanOrEqual(rounds * 10)
    expect(recorded).toBeGreaterThanOrEqual(operations)
  }, 300_000)
})

async function workUntilKilled(client: Client, keys: Acknowledged[]): Promise<void> {
  try {
    for (;;) {
      const name = `key-${keys.length}-${Math.random().toString(36).slice(2)}`
      const created = await client.mutate('createUserKey', { name }, 'userKey { id }')
      const key: Acknowledged = { keyId: created['userKey'].id as string, versions: 1, ciphertexts: [] }
      keys.push(key)
      for (let turn = 0; turn < 3; turn++) {
        const encrypted = await client.mutate(
          'encrypt',
          { keyId: key.keyId, plaintext: base64(name) },
          'ciphertext',
        )
        key.ciphertexts.push(encrypted['ciphertext'])
        const rotated = await client.mutate('rotateUserKey', { keyId: key.keyId }, 'version { number }')
        key.versions = rotated['version'].number
      }
    }
  } catch (error) {
    // The connection broke, which is what killing does; everything else is a failure.
    if (!(error instanceof TypeError)) throw error
  }
}

async function expectAllThere(client: Client, key: Acknowledged): Promise<void> {
  const { userKey } = await client.ask<{ userKey: { versions: { totalCount: number } } | null }>(
    'query($id: ID!) { userKey(by: { id: $id }) { versions { totalCount } } }',
    { id: key.keyId },
  )
  expect(userKey?.versions.totalCount).toBeGreaterThanOrEqual(key.versions)
  for (const ciphertext of key.ciphertexts) {
    expect(await client.mutate('decrypt', { ciphertext }, 'keyId')).toMatchObject({ keyId: key.keyId })
  }
}

function count(keys: readonly Acknowledged[]): number {
  return keys.reduce((sum, { versions, ciphertexts }) => sum + versions + ciphertexts.length, 0)
}
