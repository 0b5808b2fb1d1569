import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readKeyAsOperator } from '../../src/keys/changing/operator.ts'
import { openParts } from '../../src/open-parts.ts'
import { documentOf, inputWith, keyMutations, outcomeOf, readOutcome } from '../access/key-mutations.ts'
import { isListening } from '../subscriptions/event-source.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { insertDueKeys } from '../support/due-keys.ts'
import { base64, endStory, type Person, type Story, startStory, startStoryForTest } from '../support/story.ts'
import { createExternalKey, importMaterial, openImport, wrapMaterial } from './wrap-material.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** The last statement of every transaction; BEGIN is not told of. */
const isEnd = (sql: string) => sql === 'COMMIT'
const isLock = (sql: string) => /FROM keys\s+WHERE .* FOR UPDATE/s.test(sql)
const isNotification = (sql: string) => sql.includes('pg_notify')

/** How often statements of each kind were sent. */
const countKinds = (statements: readonly string[]) => ({
  transactions: statements.filter(isEnd).length,
  locks: statements.filter(isLock).length,
  notifications: statements.filter(isNotification).length,
})

/** RSA keys for imports take long to make on a busy machine. */
const patient = { REQUEST_TIMEOUT_MS: '60000' }

const once = { transactions: 1, locks: 1, notifications: 1 }
const never = { transactions: 0, locks: 0, notifications: 0 }

describe.skipIf(hasNoDatabase())('a change that adds a version', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory(patient)
  })
  afterAll(() => endStory(story))

  const client = () => story.as(mia)
  const createKey = async (input: object): Promise<string> =>
    (await client().mutate('createUserKey', input, 'userKey { id }'))['userKey'].id

  /** The statements of one mutation on a key that is in memory already, with how it ended. */
  async function statementsOf(
    name: string,
    input: object,
  ): Promise<{ outcome: string; statements: string[] }> {
    // Fills the cache; nobody may do this, so that nothing is changed.
    await outcomeOf(client(), name, { ...input, expectedRevision: 1_000_000 })
    story.takeStatements()
    const outcome = await outcomeOf(client(), name, input)
    return { outcome, statements: story.takeStatements() }
  }

  it.each(['AES_256_GCM', 'ED25519'])('rotates a key of %s in one transaction', async (algorithm) => {
    const keyId = await createKey({
      name: `rotated-${algorithm.toLowerCase().replaceAll('_', '-')}`,
      algorithm,
    })
    const { outcome, statements } = await statementsOf('rotateUserKey', { key: keyId })
    expect(outcome).toBe('RotateUserKeyPayload')
    expect(countKinds(statements)).toEqual(once)
    // One look without a lock; then the lock, the same look, the root key, key, version and material, the announcement,
    // the record, and the end of the transaction.
    expect(statements.length, statements.join('\n')).toBeLessThanOrEqual(13)
  })

  it('activates a key in one transaction', async () => {
    const keyId = await createKey({ name: 'activated', preActivation: true })
    const { outcome, statements } = await statementsOf('activateUserKey', { key: keyId })
    expect(outcome).toBe('ActivateUserKeyPayload')
    expect(countKinds(statements)).toEqual(once)
  })

  it('imports material in one transaction', async () => {
    const keyId = await createExternalKey(client(), { name: 'imported' })
    const open = await openImport(client(), keyId)
    const wrappedMaterial = wrapMaterial(open, new Uint8Array(32))
    const input = { key: keyId, importParametersId: open.id, wrappedMaterial }
    const { outcome, statements } = await statementsOf('importKeyVersion', input)
    expect(outcome).toBe('ImportKeyVersionPayload')
    expect(countKinds(statements)).toEqual(once)
  })

  it.each([
    ['rotateUserKey', { expectedRevision: 7 }, 'ConflictError'],
    ['rotateUserKey', { expectedDefaultVersionNumber: 7 }, 'ConflictError'],
    ['activateUserKey', {}, 'InvalidKeyStateError'],
  ])(
    'is refused without a transaction where the rules forbid it: %s with %j',
    async (name, more, refusal) => {
      const keyId = await createKey({ name: `refused-${Math.random().toString(36).slice(2)}` })
      const { outcome, statements } = await statementsOf(name, { key: keyId, ...more })
      expect(outcome).toBe(refusal)
      expect(statements.some(isLock)).toBe(false)
      expect(statements.some(isNotification)).toBe(false)
    },
  )

  it('is refused before material is made or opened', async () => {
    const keyId = await createExternalKey(client(), { name: 'refused-import' })
    await importMaterial(client(), keyId, new Uint8Array(32))
    const open = await openImport(client(), keyId)
    // It would not unwrap, which nobody finds out.
    const wrappedMaterial = base64(new Uint8Array(600))
    const input = { key: keyId, importParametersId: open.id, wrappedMaterial, expectedRevision: 7 }
    expect(await outcomeOf(client(), 'importKeyVersion', input)).toBe('ConflictError')
    const { userKey } = await client().ask<{ userKey: { revision: number } }>(
      '{ userKey(key: "refused-import") { revision } }',
    )
    const current = { ...input, expectedRevision: userKey.revision }
    expect(await outcomeOf(client(), 'importKeyVersion', current)).toBe('InvalidKeyMaterialError')
  })

  it('by the system is made once for each key that is due, and not begun for one that is not', async () => {
    const own = await startStoryForTest()
    await own.stop()
    const { parts, close } = await openParts(own.config, { prepare: false, clock: own.clock, alert: fail })
    const createdAt = own.clock.now()
    const due = { projectId: 'shop', algorithms: ['ED25519'], createdAt, cycleDays: 2 }
    await insertDueKeys(parts, { ...due, count: 3 })
    await close()
    await own.restart()
    own.clock.advance({ days: 3 })
    own.takeStatements()
    expect((await own.app.housekeeping.runOnce()).rotatedKeys).toBe(3)
    const kinds = countKinds(own.takeStatements())
    expect(kinds.notifications).toBe(3)
    expect(kinds.locks).toBe(3)
  })
})

describe.skipIf(hasNoDatabase())('a change that does not take place', () => {
  it('is announced to nobody and forgotten by no cache, whichever mutation was to make it', async () => {
    const story = await startStoryForTest({ ...patient, CACHE_LIFETIME_MS: '60000' })
    const client = story.as(mia)
    await isListening(story)
    const managing = keyMutations.filter(({ group }) => group !== 'OPERATION')
    expect(managing.length).toBeGreaterThan(10)
    const created = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const keyId: string = created['userKey'].id
    const { ciphertext } = await client.mutate(
      'encrypt',
      { key: keyId, plaintext: base64('x') },
      'ciphertext',
    )
    for (const { name, input } of managing) {
      story.takeStatements()
      // The two that expect no revision are refused for what they name.
      const expectsNone = name === 'getImportParameters' || name === 'repointAlias'
      const refused = expectsNone ? {} : { expectedRevision: 1_000_000 }
      const answer = await client.send(documentOf(name), {
        input: inputWith(input({ keyId, ciphertext }), refused),
      })
      expect(readOutcome(name, answer), name).toMatch(/Error$/)
      const statements = story.takeStatements()
      expect(statements.filter(isNotification), name).toEqual([])
      await client.mutate('decrypt', { key: keyId, ciphertext })
      const loads = story.takeStatements().filter((sql) => sql.includes('LEFT JOIN key_material'))
      // A server that loses its listener forgets everything.
      if (!story.logged.some((line) => line.includes('not listening'))) expect(loads, name).toEqual([])
    }
  })
})

describe.skipIf(hasNoDatabase())("the operator's look at a key", () => {
  it('takes no lock, tells nobody, and is one look at one moment', async () => {
    const story = await startStoryForTest()
    await story.as(mia).mutate('createUserKey', { name: 'orders' })
    await story.stop()
    let statements: string[] = []
    const { parts, close } = await openParts(story.config, {
      prepare: false,
      clock: story.clock,
      alert: fail,
      onStatement: (sql) => void statements.push(sql),
    })
    onTestFinished(close)
    statements = []
    const key = await readKeyAsOperator(parts, { projectId: 'shop', by: { name: 'orders' } })
    expect(key?.versions).toHaveLength(1)
    expect(countKinds(statements)).toEqual(never)
    expect(statements.some((sql) => /FOR (UPDATE|SHARE)/.test(sql))).toBe(false)
    // By its name, and then with its versions.
    expect(statements).toHaveLength(2)
  })
})

function fail(error: Error): never {
  throw error
}
