import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type App, createApp } from '../../src/app.ts'
import { createLog } from '../../src/log.ts'
import { type CuttableProxy, startProxy } from '../support/cuttable-proxy.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  clientFor,
  type Person,
  type Story,
  startStoryForTest,
} from '../support/story.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_ADMIN', 'KMS_USER', 'KMS_MANAGER'] }
const reader: Person = { name: 'rob', roles: ['KMS_USER'] }

/** So long that within a test nothing becomes fresh by age. */
const longLived = { CACHE_LIFETIME_MS: '60000' }
/** Far below the lifetime: what is seen within it was heard of. */
const promptly = { timeout: 15_000, interval: 10 }

interface Replica {
  readonly app: App
  readonly proxy: CuttableProxy
  readonly logged: readonly string[]
  as(person: Person): Client
}

/** A second server on a story's database, which it reaches through a proxy. */
async function startReplica(story: Story, settings: { CACHE_LIFETIME_MS?: number } = {}): Promise<Replica> {
  const { clock, database } = story
  const proxy = await startProxy(database.databaseUrl ?? '')
  const logged: string[] = []
  const app = await createApp(
    { ...story.config, DATABASE_URL: proxy.databaseUrl, ...settings },
    { clock, log: createLog('info', { write: (line) => void logged.push(line) }) },
  )
  onTestFinished(() => app.close())
  const replica = {
    app,
    proxy,
    logged,
    as: (person: Person) => clientFor(person, { getUrl: () => app.url, clock }),
  }
  await isListening(replica, 1)
  return replica
}

/** Waits until the replica has begun to listen this many times. */
async function isListening({ logged }: Replica, times: number): Promise<void> {
  await vi.waitFor(
    () => expect(logged.filter((line) => line.includes('"listening for changes'))).toHaveLength(times),
    promptly,
  )
}

async function createKey(story: Story): Promise<{ keyId: string; ciphertext: string }> {
  const olga = story.as(owner)
  const created = await olga.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  const keyId: string = created['userKey'].id
  const { ciphertext } = await olga.mutate('encrypt', { key: keyId, plaintext: base64('hi') }, 'ciphertext')
  return { keyId, ciphertext }
}

/** What a decryption comes to: OK, or the code and text of the error. */
async function decrypting(client: Client, ciphertext: string, keyId: string): Promise<string> {
  const { data, errors } = await client.send(
    `mutation($input: DecryptInput!) {
      decrypt(input: $input) { __typename ... on UserError { code message } }
    }`,
    { input: { key: keyId, ciphertext } },
  )
  const [error] = errors
  if (error !== undefined) return `${error.extensions.code} ${error.message}`
  const { code, message } = data['decrypt']
  return code === undefined ? 'OK' : `${code} ${message}`
}

async function versionInUse(client: Client, keyId: string): Promise<number> {
  return (await client.mutate('encrypt', { key: keyId, plaintext: base64('hi') }, 'versionNumber'))[
    'versionNumber'
  ]
}

describe.skipIf(hasNoDatabase())('a change made by one replica', () => {
  it('of access takes effect in another at once, both ways, for a key that is warm there', async () => {
    const story = await startStoryForTest(longLived)
    const rob = (await startReplica(story)).as(reader)
    const { keyId, ciphertext } = await createKey(story)
    const olga = story.as(owner)
    for (let round = 0; round < 3; round++) {
      expect(await decrypting(rob, ciphertext, keyId)).toBe('OK')
      await olga.mutate('enableAccessControl', { key: keyId, subjects: [] })
      await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toMatch(/^FORBIDDEN/)
      await olga.mutate('disableAccessControl', { key: keyId })
      await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toBe('OK')
    }
  })

  it('of an entry takes effect in another at once, and its end comes at its moment even if nothing is heard', async () => {
    const story = await startStoryForTest(longLived)
    const replica = await startReplica(story)
    const rob = replica.as(reader)
    const { keyId, ciphertext } = await createKey(story)
    const olga = story.as(owner)
    await olga.mutate('enableAccessControl', { key: keyId, subjects: ['user:rob'] })
    await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toBe('OK')
    const entry = { subject: 'user:rob', permissions: ['ENCRYPT'] }
    await olga.mutate('addAllowedSubjects', { key: keyId, entries: [entry] })
    await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toMatch(/^FORBIDDEN/)
    const expiresAt = new Date(story.clock.now().getTime() + 60_000).toISOString()
    await olga.mutate('addAllowedSubjects', { key: keyId, entries: [{ subject: 'user:rob', expiresAt }] })
    await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toBe('OK')
    replica.proxy.silence('listener')
    story.clock.advance({ ms: 59_999 })
    expect(await decrypting(rob, ciphertext, keyId)).toBe('OK')
    story.clock.advance({ ms: 1 })
    expect(await decrypting(rob, ciphertext, keyId)).toMatch(/^FORBIDDEN/)
    expect(await decrypting(story.as(reader), ciphertext, keyId)).toMatch(/^FORBIDDEN/)
  })

  it('of a name or an alias takes effect in another: at once if it hears of it, else within the lifetime', async () => {
    const lifetimeMs = 500
    const story = await startStoryForTest(longLived)
    const replica = await startReplica(story)
    const deaf = await startReplica(story, { CACHE_LIFETIME_MS: lifetimeMs })
    const olga = story.as(owner)
    const { keyId } = await createKey(story)
    const other = (await olga.mutate('createUserKey', { name: 'other' }, 'userKey { id }'))['userKey'].id
    await olga.mutate('createAlias', { key: 'orders', alias: 'current' })
    const named = async (client: Client, key: string): Promise<string> => {
      const { keyId: id, code } = await client.mutate('encrypt', { key, plaintext: base64('hi') }, 'keyId')
      return id ?? code
    }
    const replicas = [replica.as(reader), deaf.as(reader)]
    for (const rob of replicas) {
      expect(await named(rob, 'current')).toBe(keyId)
      expect(await named(rob, 'orders')).toBe(keyId)
    }
    deaf.proxy.silence('listener')
    await olga.mutate('repointAlias', { alias: 'current', key: 'other' })
    for (const rob of replicas) await expect.poll(() => named(rob, 'current'), promptly).toBe(other)
    await olga.mutate('updateUserKey', { key: 'orders', name: 'invoices' })
    for (const rob of replicas) await expect.poll(() => named(rob, 'orders'), promptly).toBe('KEY_NOT_FOUND')
    await olga.mutate('deleteAlias', { alias: 'current' })
    await olga.mutate('createUserKey', { name: 'current' })
    for (const rob of replicas) {
      await expect.poll(() => named(rob, 'current'), promptly).not.toBe(other)
      expect(await named(rob, 'invoices')).toBe(keyId)
    }
  })

  it('of a name or an alias keeps another, which has not heard of it, from changing the key that had it', async () => {
    const story = await startStoryForTest(longLived)
    const deaf = await startReplica(story)
    const olga = story.as(owner)
    const remote = deaf.as(owner)
    const { keyId } = await createKey(story)
    const other = (await olga.mutate('createUserKey', { name: 'other' }, 'userKey { id }'))['userKey'].id
    const change = async (key: string, version?: object) => {
      const { __typename, userKey } = await remote.mutate(
        version ? 'deactivateKeyVersion' : 'updateUserKey',
        version ? { version } : { key, description: 'changed' },
        'userKey { id }',
      )
      return userKey?.id ?? __typename
    }
    await olga.mutate('createAlias', { key: 'orders', alias: 'current' })
    const warm = async (key: string) =>
      (await remote.mutate('encrypt', { key, plaintext: base64('hi') }, 'keyId'))['keyId']
    expect(await change('current')).toBe(keyId)
    for (const key of ['orders', 'current']) expect(await warm(key)).toBe(keyId)
    deaf.proxy.silence('listener')
    await olga.mutate('repointAlias', { alias: 'current', key: 'other' })
    await olga.mutate('updateUserKey', { key: 'orders', name: 'invoices' })
    expect(await change('current')).toBe('ConflictError')
    // What was in memory is gone.
    expect(await change('current', { key: 'current', number: 1 })).toBe(other)
    expect(await change('orders')).toBe('KeyNotFoundError')
    const { data } = await olga.send(
      '{ userKey(key: "invoices") { status version(number: 1) { versionStatus } } }',
    )
    expect(data['userKey']).toEqual({ status: 'ACTIVE', version: { versionStatus: 'ACTIVE' } })
  })

  it('of access is noticed by a repointing in another, and the refusal is on record of the key that it protects', async () => {
    const story = await startStoryForTest(longLived)
    const deaf = await startReplica(story)
    const olga = story.as(owner)
    const mallory: Person = { name: 'mallory', roles: ['PROJECT_ADMIN', 'KMS_USER', 'KMS_MANAGER'] }
    const remote = deaf.as(mallory)
    const { keyId } = await createKey(story)
    await remote.mutate('createUserKey', { name: 'own' })
    await olga.mutate('createAlias', { key: 'orders', alias: 'current' })
    await remote.mutate('encrypt', { key: 'current', plaintext: base64('hi') })
    deaf.proxy.silence('listener')
    await olga.mutate('enableAccessControl', { key: 'orders', subjects: [] })
    expect(await remote.mutate('repointAlias', { alias: 'current', key: 'own' })).toMatchObject({
      __typename: 'ForbiddenError',
    })
    const { data } = await olga.send(
      `{ auditEvents(filter: { outcome: [DENIED] }) { nodes { action keyId details } } }`,
    )
    expect(data['auditEvents'].nodes).toEqual([
      { action: 'REPOINT_ALIAS', keyId, details: { alias: 'current', standsForThisKey: false } },
    ])
  })

  it('of a version takes effect in another at once: rotated, deactivated, destroyed, and the key deleted', async () => {
    const story = await startStoryForTest({ ...longLived, DESTROY_WAITING_DAYS_MIN: '0' })
    const replica = await startReplica(story)
    const rob = replica.as(reader)
    const { keyId, ciphertext } = await createKey(story)
    const olga = story.as(owner)
    expect(await versionInUse(rob, keyId)).toBe(1)
    await olga.mutate('rotateUserKey', { key: keyId })
    await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(2)
    expect(await decrypting(rob, ciphertext, keyId)).toBe('OK')
    await olga.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toMatch(/1 .* is DEACTIVATED/)
    await olga.mutate('destroyKeyVersion', { version: { key: keyId, number: 1 }, waitingPeriodDays: 1 })
    await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toMatch(/1 .* is DESTROY_SCHEDULED/)
    await olga.mutate('deactivateKeyVersion', { version: { key: keyId, number: 2 } })
    await olga.mutate('destroyKeyVersion', { version: { key: keyId, number: 2 }, waitingPeriodDays: 1 })
    story.clock.advance({ days: 2 })
    expect((await story.app.housekeeping.runOnce()).sweptKeys).toBe(1)
    await expect.poll(() => decrypting(rob, ciphertext, keyId), promptly).toMatch(/1 .* is DESTROYED/)
    const { code } = await olga.mutate('deleteUserKey', { key: keyId, confirmName: 'orders' })
    expect(code).toBeUndefined()
    await expect
      .poll(async () => (await rob.mutate('encrypt', { key: keyId, plaintext: '' }))['code'], promptly)
      .toBe('KEY_NOT_FOUND')
  })

  it('is not missed by a load that is under way while it commits', async () => {
    const story = await startStoryForTest(longLived)
    const replica = await startReplica(story)
    const rob = replica.as(reader)
    const { keyId } = await createKey(story)
    // Warm but for this key: verified token, connections.
    await rob.mutate('generateRandom', { lengthBytes: 1 })
    replica.proxy.silence('pool')
    const early = versionInUse(rob, keyId)
    await expect.poll(() => replica.proxy.heldBytes, promptly).toBeGreaterThan(0)
    await story.as(owner).mutate('rotateUserKey', { key: keyId })
    await expect.poll(() => replica.proxy.heard, promptly).toContain('keystead_keys')
    replica.proxy.mend()
    // This request began before the change did.
    expect([1, 2]).toContain(await early)
    await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(2)
  })

  it('is seen in the end by every load that races with it', async () => {
    const story = await startStoryForTest(longLived)
    const rob = (await startReplica(story)).as(reader)
    const olga = story.as(owner)
    const { keyId } = await createKey(story)
    for (let version = 2; version <= 31; version++) {
      await Promise.all([
        olga.mutate('rotateUserKey', { key: keyId }),
        ...Array.from({ length: 6 }, () => versionInUse(rob, keyId)),
      ])
      await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(version)
    }
  })
})

describe.skipIf(hasNoDatabase())('a replica whose listener is cut', () => {
  it('forgets its keys when it notices, and again when it listens anew', async () => {
    const story = await startStoryForTest(longLived)
    const replica = await startReplica(story)
    const rob = replica.as(reader)
    const olga = story.as(owner)
    const { keyId } = await createKey(story)
    expect(await versionInUse(rob, keyId)).toBe(1)
    replica.proxy.silence('listener')
    await olga.mutate('rotateUserKey', { key: keyId })
    // It cannot know of the change: this is what the rest of the test is measured against.
    expect(await versionInUse(rob, keyId)).toBe(1)
    replica.proxy.cutListener()
    await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(2)
    await olga.mutate('rotateUserKey', { key: keyId })
    expect(await versionInUse(rob, keyId)).toBe(2)
    replica.proxy.mend()
    await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(3)
    await isListening(replica, 2)
    await olga.mutate('rotateUserKey', { key: keyId })
    await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(4)
  })

  it('notices by itself that the other end is silent', async () => {
    const story = await startStoryForTest(longLived)
    const replica = await startReplica(story)
    const rob = replica.as(reader)
    const { keyId } = await createKey(story)
    expect(await versionInUse(rob, keyId)).toBe(1)
    replica.proxy.silence('listener')
    await story.as(owner).mutate('rotateUserKey', { key: keyId })
    await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(2)
  })

  it('listens again after the database ended its connection', async () => {
    const story = await startStoryForTest(longLived)
    const replica = await startReplica(story)
    const rob = replica.as(reader)
    const { keyId } = await createKey(story)
    const operator = new pg.Client({ connectionString: story.database.databaseUrl ?? '' })
    await operator.connect()
    onTestFinished(() => operator.end())
    for (let version = 2; version <= 4; version++) {
      expect(await versionInUse(rob, keyId)).toBe(version - 1)
      const { rowCount } = await operator.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'keystead listener' AND datname = current_database()`,
      )
      expect(rowCount).toBeGreaterThan(0)
      await isListening(replica, version)
      await story.as(owner).mutate('rotateUserKey', { key: keyId })
      await expect.poll(() => versionInUse(rob, keyId), promptly).toBe(version)
    }
    expect(replica.logged.join('')).not.toContain(new URL(replica.proxy.databaseUrl).host)
  })

  it('uses nothing that is older than the cache lifetime, for as long as it is cut', async () => {
    const story = await startStoryForTest(longLived)
    const lifetimeMs = 1500
    const replica = await startReplica(story, { CACHE_LIFETIME_MS: lifetimeMs })
    const rob = replica.as(reader)
    const { keyId, ciphertext } = await createKey(story)
    replica.proxy.cutListener()
    await expect.poll(() => replica.logged.join(''), promptly).toContain('not listening')
    expect(await decrypting(rob, ciphertext, keyId)).toBe('OK')
    await story.as(owner).mutate('enableAccessControl', { key: keyId, subjects: [] })
    const changedAtMs = performance.now()
    for (;;) {
      const askedAtMs = performance.now()
      const result = await decrypting(rob, ciphertext, keyId)
      if (result !== 'OK') {
        expect(result).toMatch(/^FORBIDDEN/)
        break
      }
      expect(askedAtMs - changedAtMs).toBeLessThan(lifetimeMs)
    }
  })
})

describe.skipIf(hasNoDatabase())('a role binding changed by one replica', () => {
  const binding = { subject: 'user:bob', role: 'KMS_USER' }
  const rolesOf = async (client: Client): Promise<string[]> =>
    (await client.ask<{ viewer: { roles: string[] } }>('{ viewer { roles } }')).viewer.roles

  it('takes effect in another at once, both ways', async () => {
    const story = await startStoryForTest(longLived)
    const bob = (await startReplica(story)).as({ name: 'bob' })
    for (let round = 0; round < 3; round++) {
      expect(await rolesOf(bob)).toEqual([])
      await story.as(owner).mutate('bindRole', binding)
      await expect.poll(() => rolesOf(bob), promptly).toEqual(['KMS_USER'])
      await story.as(owner).mutate('unbindRole', binding)
      await expect.poll(() => rolesOf(bob), promptly).toEqual([])
    }
  })

  it('cannot be given back to itself by an administrator that lost it, through a replica that has not heard of it', async () => {
    const story = await startStoryForTest(longLived)
    const admin = { subject: 'user:bob', role: 'PROJECT_ADMIN' }
    await story.as(owner).mutate('bindRole', admin)
    const replica = await startReplica(story)
    const bob = replica.as({ name: 'bob' })
    expect(await rolesOf(bob)).toEqual(['PROJECT_ADMIN'])
    replica.proxy.silence('listener')
    await story.as(owner).mutate('unbindRole', admin)
    // What the replica knows still lets it ask.
    expect(await rolesOf(bob)).toEqual(['PROJECT_ADMIN'])
    for (const mutation of [
      'bindRole(input: { subject: "user:bob", role: PROJECT_ADMIN })',
      'bindRole(input: { subject: "user:eve", role: KMS_USER, allowLockout: true })',
      'unbindRole(input: { subject: "user:eve", role: KMS_USER, allowLockout: true })',
    ]) {
      const refused = await bob.ask(`mutation { refused: ${mutation} { __typename } }`)
      expect([mutation, refused]).toEqual([mutation, { refused: { __typename: 'ForbiddenError' } }])
    }
  })

  it('takes effect in one that hears nothing, once its cache is older than the lifetime', async () => {
    const story = await startStoryForTest(longLived)
    await story.as(owner).mutate('bindRole', binding)
    const replica = await startReplica(story, { CACHE_LIFETIME_MS: 1500 })
    const bob = replica.as({ name: 'bob' })
    replica.proxy.silence('listener')
    expect(await rolesOf(bob)).toEqual(['KMS_USER'])
    await story.as(owner).mutate('unbindRole', binding)
    await expect.poll(() => rolesOf(bob), promptly).toEqual([])
    // What it has not heard of is what made the difference.
    expect(replica.proxy.heard).not.toContain('"roles"')
  })
})
