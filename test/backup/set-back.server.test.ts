import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'
import { newDatabase, newEmbeddedDatabase, newFolder, operate, serve } from './operator.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT' }
const message = base64('message')
const plaintext = base64('secret')

/** What happened with keys on one line of history, each time that a backup was restored another one. */
interface Made {
  readonly version: number
  readonly ciphertext: string
  readonly signature: string
  readonly fingerprint: string
}

async function create(client: Client, input: object): Promise<string> {
  return (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
}

interface Keys {
  readonly encrypting: string
  readonly signing: string
  readonly empty: string
}

async function makeKeys(client: Client): Promise<Keys> {
  return {
    encrypting: await create(client, { name: 'orders' }),
    signing: await create(client, { name: 'signer', usage: 'SIGN_VERIFY', algorithm: 'ED25519' }),
    empty: await create(client, { name: 'empty', preActivation: true }),
  }
}

/** Rotates both keys, and protects something with each of the new versions. */
async function rotate(client: Client, { encrypting, signing }: Keys): Promise<Made> {
  const selection = 'version { number publicKey { fingerprint } }'
  const { version } = await client.mutate('rotateUserKey', { key: encrypting }, selection)
  const signer = (await client.mutate('rotateUserKey', { key: signing }, selection))['version']
  expect(signer.number).toBe(version.number)
  const encrypted = await client.mutate('encrypt', { key: encrypting, plaintext }, 'ciphertext versionNumber')
  const signed = await client.mutate('sign', { key: signing, message }, 'signature versionNumber')
  expect([encrypted['versionNumber'], signed['versionNumber']]).toEqual([version.number, version.number])
  return {
    version: version.number,
    ciphertext: encrypted['ciphertext'],
    signature: signed['signature'],
    fingerprint: signer.publicKey.fingerprint,
  }
}

/** What came of asking for something that a version made: the code of the error where it is refused. */
async function askAgain(client: Client, { signing }: Keys, made: Made): Promise<unknown[]> {
  const opened = await client.mutate('decrypt', { ciphertext: made.ciphertext }, 'plaintext')
  const verified = await client.mutate(
    'verify',
    { version: { key: signing, number: made.version }, message, signature: made.signature },
    'valid',
  )
  return [opened['plaintext'] ?? opened['code'], verified['valid'] ?? verified['code']]
}

interface Usage {
  readonly encryptions: number
  readonly remainingEncryptions: number
}

async function usageOf(client: Client, { encrypting }: Keys): Promise<Usage> {
  const { userKey } = await client.ask<{ userKey: { version: { encryptionUsage: Usage } } }>(
    `query($id: KeyRef!) { userKey(key: $id) { version(number: 1) { encryptionUsage { encryptions remainingEncryptions } } } }`,
    { id: encrypting },
  )
  return userKey.version.encryptionUsage
}

describe.skipIf(hasNoDatabase())('a database that a backup set back', { timeout: 240_000 }, () => {
  const environment = { BACKUP_PASSPHRASE: 'correct horse battery' }
  const passphrase = ['--passphrase-env', 'BACKUP_PASSPHRASE']

  async function backUp(database: TestDatabase): Promise<string> {
    const file = join(newFolder(), 'backup')
    expect(await operate(database, ['backup', ...passphrase, file], { environment })).toMatchObject({
      code: 0,
    })
    return file
  }

  async function restore(database: TestDatabase, file: string, ...options: string[]): Promise<void> {
    const restored = await operate(database, ['restore', ...passphrase, ...options, file], { environment })
    expect(restored).toMatchObject({ code: 0, printed: expect.stringContaining('The audit trail verifies') })
  }

  /** A server on a database for some work. */
  async function on<T>(
    database: TestDatabase,
    story: Story,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    const server = await serve(database, story.clock)
    try {
      return await work(server.as(mia))
    } finally {
      await server.close()
    }
  }

  it('gives no version number of a key a second material, however often and wherever it is restored', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keys = await makeKeys(client)
    await story.as(agent).mutate('encryptWithServiceKey', { plaintext })
    const first = await backUp(story.database)
    // What is lost: versions 2 and 3, the first version of the empty key, and encryptions with version 1.
    const lost = [await rotate(client, keys), await rotate(client, keys)]
    await client.mutate('activateUserKey', { key: keys.empty })
    expect(lost.map(({ version }) => version)).toEqual([2, 3])
    await story.stop()

    const same = await newDatabase(story.database)
    const embedded = newEmbeddedDatabase(story.database)
    const made = [...lost]
    let newest = first
    for (const [database, ...options] of [
      [same],
      [embedded],
      [story.database, '--force'],
      [same, '--force'],
      [same, '--force'],
    ] as const) {
      await restore(database, first, ...options)
      const others = [...made]
      await on(database, story, async (restored) => {
        // The default version is still the first one, and works.
        const used = await restored.mutate('encrypt', { key: keys.encrypting, plaintext }, 'versionNumber')
        expect(used).toMatchObject({ versionNumber: 1 })
        made.push(await rotate(restored, keys), await rotate(restored, keys))
        for (const other of others) {
          expect([other.version, ...(await askAgain(restored, keys, other))]).toEqual([
            other.version,
            'INVALID_CIPHERTEXT',
            'KEY_VERSION_NOT_FOUND',
          ])
        }
        for (const own of made.slice(others.length)) {
          expect(await askAgain(restored, keys, own)).toEqual([plaintext, true])
        }
        const activated = await restored.mutate('activateUserKey', { key: keys.empty }, 'version { number }')
        expect(activated['version'].number).toBeGreaterThan(1)
        // A key that was made since begins with its own first version.
        const fresh = await create(restored, { name: 'fresh' })
        expect(await restored.mutate('encrypt', { key: fresh, plaintext }, 'versionNumber')).toMatchObject({
          versionNumber: 1,
        })
      })
      if (database === embedded) newest = await backUp(embedded)
    }
    // A restore of what was restored, without a rotation in between and after one.
    await restore(same, newest, '--force')
    const again = await backUp(same)
    await restore(embedded, again, '--force')
    await on(embedded, story, async (restored) => {
      made.push(await rotate(restored, keys))
    })
    const numbers = made.map(({ version }) => version)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(made.length)
    // Each restore is on record in the projects of the keys, and everything verifies.
    for (const database of [same, embedded, story.database]) {
      expect(await operate(database, ['audit', 'verify'])).toMatchObject({
        code: 0,
        printed: expect.stringContaining('no problems found'),
      })
    }
  }, 300_000)

  it('counts no fewer encryptions than were made, whether what was lost is known or not', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keys = await makeKeys(client)
    await client.mutate('encrypt', { key: keys.encrypting, plaintext })
    const file = await backUp(story.database)
    const items = Array.from({ length: 100 }, () => ({ key: keys.encrypting, plaintext }))
    await client.mutate('encryptBatch', { items })
    const lost = await usageOf(client, keys)
    expect(lost.encryptions).toBeGreaterThanOrEqual(101)
    await story.stop()
    const elsewhere = await newDatabase(story.database)
    await restore(elsewhere, file)
    const once = await on(elsewhere, story, (restored) => usageOf(restored, keys))
    expect(once.encryptions).toBeGreaterThanOrEqual(2 ** 31)
    expect(once.encryptions + once.remainingEncryptions).toBe(2 ** 32)
    // Over a database that knows more: the counter of what is replaced stays, though the backup has a lower one.
    const high = 2 ** 32 - 5
    await asDatabase(story, `UPDATE key_version_usage SET encryptions = ${high}`)
    await restore(story.database, file, '--force')
    await on(story.database, story, async (restored) => {
      expect((await usageOf(restored, keys)).encryptions).toBe(high)
      const codes = (await restored.mutate('encryptBatch', { items }, 'results { result { __typename } }'))[
        'results'
      ]
      const succeeded = codes.filter(
        ({ result }: { result: { __typename: string } }) => result.__typename === 'EncryptPayload',
      )
      expect(succeeded.length).toBeLessThanOrEqual(5)
    })
  }, 300_000)

  it('is not taken for one whose records are whole', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keys = await makeKeys(client)
    const file = await backUp(story.database)
    await story.stop()
    const elsewhere = await newDatabase(story.database)
    await restore(elsewhere, file)
    await on(elsewhere, story, async (restored) => {
      const { userKey } = await restored.ask<{
        userKey: { revision: number; defaultVersion: { id: string } }
      }>('query($id: KeyRef!) { userKey(key: $id) { revision defaultVersion { id } } }', {
        id: keys.encrypting,
      })
      expect(userKey.revision).toBe(2)
      // Somebody may have used it after the backup.
      const { destroyImpact } = await restored.ask<{ destroyImpact: { verdict: string } }>(
        'query($id: ID!) { destroyImpact(version: { id: $id }) { verdict } }',
        { id: userKey.defaultVersion.id },
      )
      expect(destroyImpact.verdict).toBe('RECORDS_TOO_SHORT')
      const { auditEvents } = await restored.ask<{ auditEvents: { nodes: unknown[] } }>(
        `query($id: KeyRef!) { auditEvents(first: 1, filter: { key: $id }) { nodes { action actor { id } keyRevision details } } }`,
        { id: keys.encrypting },
      )
      expect(auditEvents.nodes).toEqual([
        {
          action: 'RESTORE_BACKUP',
          actor: { id: 'system:operator' },
          keyRevision: 2,
          details: { backupCreatedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
        },
      ])
    })
  }, 300_000)
})

/** Runs a statement beside the servers. */
async function asDatabase(story: Story, sql: string): Promise<void> {
  await story.sql(sql)
  await story.stop()
}
