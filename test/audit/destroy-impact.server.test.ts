import { describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const alice: Person = { name: 'alice', roles: ['KMS_USER'] }

const document = `query($id: ID!) { destroyImpact(version: { id: $id }) {
  verdict summary since recordsSince operations failedOperations version { number }
  callers { caller { id } operation operations failedOperations lastUsedAt } } }`

interface Impact {
  readonly verdict: string
  readonly summary: string
  readonly recordsSince: string
  readonly callers: readonly object[] | null
}

interface Version {
  readonly keyId: string
  readonly id: string
}

async function createKey(client: Client, input: object = {}): Promise<Version> {
  const { userKey } = await client.mutate(
    'createUserKey',
    { name: 'orders', ...input },
    'userKey { id defaultVersion { id } }',
  )
  return { keyId: userKey.id, id: userKey.defaultVersion.id }
}

async function impactOf(client: Client, { id }: Version): Promise<Impact> {
  return (await client.ask<{ destroyImpact: Impact }>(document, { id })).destroyImpact
}

async function encrypt(client: Client, { keyId }: Version): Promise<string> {
  return (await client.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'ciphertext'))['ciphertext']
}

describe.skipIf(hasNoDatabase())('the impact of destroying a version', () => {
  it('names who used it, how often and when last', async () => {
    const story = await startStoryForTest()
    const version = await createKey(story.as(olga))
    const ciphertext = await encrypt(story.as(olga), version)
    for (let count = 0; count < 12; count++) await story.as(alice).mutate('decrypt', { ciphertext })
    story.clock.advance({ hours: 2, minutes: 10 })
    const whole = {
      verdict: 'IN_USE',
      summary: 'user:alice decrypted with it 12 times, last 2 hours ago, and 1 more caller used it.',
      since: '2026-01-30T00:00:00.000Z',
      recordsSince: '2026-03-01T12:00:00.000Z',
      operations: 13,
      failedOperations: 0,
      version: { number: 1 },
      callers: [
        {
          caller: { id: 'user:alice' },
          operation: 'DECRYPT',
          operations: 12,
          failedOperations: 0,
          lastUsedAt: '2026-03-01T12:00:00.000Z',
        },
        {
          caller: { id: 'user:olga' },
          operation: 'ENCRYPT',
          operations: 1,
          failedOperations: 0,
          lastUsedAt: '2026-03-01T12:00:00.000Z',
        },
      ],
    }
    expect(await impactOf(story.as(olga), version)).toEqual(whole)
    await story.app.housekeeping.runOnce()
    expect(await impactOf(story.as(olga), version)).toEqual(whole)
  })

  it('is none once 30 days have passed without use, and not before', async () => {
    const story = await startStoryForTest()
    const olgas = story.as(olga)
    const version = await createKey(olgas)
    await encrypt(story.as(alice), version)
    story.clock.advance({ days: 30 })
    expect(await impactOf(olgas, version)).toMatchObject({
      verdict: 'IN_USE',
      summary: 'user:alice encrypted with it once, last 30 days ago.',
    })
    story.clock.advance({ days: 1 })
    expect(await impactOf(olgas, version)).toMatchObject({
      verdict: 'SAFE_UNUSED',
      summary: 'No operation used this version in the last 30 days.',
      callers: [],
    })
    await story.app.housekeeping.runOnce()
    expect(await impactOf(olgas, version)).toMatchObject({ verdict: 'SAFE_UNUSED' })
  })

  it('is none if it was never used and the records reach back to its making', async () => {
    const story = await startStoryForTest()
    const version = await createKey(story.as(olga))
    const expectNeverUsed = async (after: number) => {
      expect([after, await impactOf(story.as(olga), version)]).toMatchObject([
        after,
        {
          verdict: 'NEVER_USED',
          summary: 'No operation has used this version since it was made on 2026-03-01.',
          recordsSince: '2026-03-01T12:00:00.000Z',
          callers: [],
        },
      ])
    }
    for (const days of [0, 1, 29, 30, 400]) {
      story.clock.advance({ days })
      await expectNeverUsed(days)
      await story.app.housekeeping.runOnce()
      await expectNeverUsed(days)
    }
    // One use, counted or not, however long ago.
    await encrypt(story.as(olga), version)
    expect((await impactOf(story.as(olga), version)).verdict).toBe('IN_USE')
    story.clock.advance({ days: 500 })
    expect((await impactOf(story.as(olga), version)).verdict).toBe('SAFE_UNUSED')
    await story.app.housekeeping.runOnce()
    expect((await impactOf(story.as(olga), version)).verdict).toBe('SAFE_UNUSED')
  })

  it('is no longer none if the records begin after its making', async () => {
    const story = await startStoryForTest()
    const version = await createKey(story.as(olga))
    story.clock.advance({ days: 1 })
    await story.sql(`UPDATE audit_chains SET started_at = '2026-03-01T12:00:00.001Z'`)
    expect(await impactOf(story.as(olga), version)).toMatchObject({
      verdict: 'RECORDS_TOO_SHORT',
      recordsSince: '2026-03-01T12:00:00.001Z',
      summary: expect.stringContaining(
        'since 2026-03-01T12:00:00.001Z, but before that there are no records',
      ),
    })
    story.clock.advance({ days: 31 })
    expect((await impactOf(story.as(olga), version)).verdict).toBe('SAFE_UNUSED')
  })

  it('claims no 30 days that are not on record', async () => {
    const story = await startStoryForTest()
    const version = await createKey(story.as(olga))
    story.clock.advance({ days: 40 })
    const started = new Date(story.clock.now().getTime() - 86_400_000).toISOString()
    expect((await impactOf(story.as(olga), version)).verdict).toBe('NEVER_USED')
    await story.sql(`UPDATE audit_chains SET started_at = '${started}'`)
    expect(await impactOf(story.as(olga), version)).toMatchObject({
      verdict: 'RECORDS_TOO_SHORT',
      recordsSince: started,
    })
  })

  it('shows who still tries once the version is deactivated, and nothing once it is destroyed', async () => {
    const story = await startStoryForTest()
    const olgas = story.as(olga)
    const version = await createKey(olgas)
    const ciphertext = await encrypt(olgas, version)
    await olgas.mutate('deactivateKeyVersion', { version: { key: version.keyId, number: 1 } })
    story.clock.advance({ days: 31 })
    for (let count = 0; count < 2; count++) await story.as(alice).mutate('decrypt', { ciphertext })
    expect(await impactOf(olgas, version)).toMatchObject({
      verdict: 'STILL_ATTEMPTED',
      summary:
        'No operation used this version in the last 30 days, but user:alice tried to 2 times, last less than a minute ago.',
      callers: [{ operation: 'DECRYPT', operations: 0, failedOperations: 2, lastUsedAt: null }],
    })
    await olgas.mutate('destroyKeyVersion', {
      version: { key: version.keyId, number: 1 },
      waitingPeriodDays: 0,
    })
    expect((await impactOf(olgas, version)).verdict).toBe('ALREADY_DESTROYED')
  })

  it('counts what was read with the version in order to encrypt it anew', async () => {
    const story = await startStoryForTest()
    const olgas = story.as(olga)
    const version = await createKey(olgas)
    const ciphertext = await encrypt(olgas, version)
    await olgas.mutate('rotateUserKey', { key: version.keyId })
    story.clock.advance({ days: 31 })
    await story.as(alice).mutate('reEncrypt', { ciphertext })
    expect(await impactOf(olgas, version)).toMatchObject({
      verdict: 'IN_USE',
      summary: 'user:alice re-encrypted from it once, last less than a minute ago.',
    })
  })

  it('is told to who may manage the key, with the callers by name, to its owner too', async () => {
    const story = await startStoryForTest()
    const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
    const version = await createKey(story.as(member))
    await encrypt(story.as(alice), version)
    expect(await impactOf(story.as(member), version)).toMatchObject({
      verdict: 'IN_USE',
      summary: 'user:alice encrypted with it once, last less than a minute ago.',
      operations: 1,
      callers: [{ caller: { id: 'user:alice' } }],
    })
    for (const role of roles) {
      const answer = await story.as({ name: 'someone', roles: [role] }).send(document, { id: version.id })
      const codes = answer.errors.map(({ extensions }) => extensions.code)
      const manages = role === 'PROJECT_ADMIN' || role === 'KMS_MANAGER'
      expect(codes, role).toEqual(manages ? [] : ['FORBIDDEN'])
      expect(answer.data.destroyImpact === null, role).toBe(!manages)
      if (manages) expect(answer.data.destroyImpact.callers).toHaveLength(1)
    }
  })

  it('of a version of a redacted key, of another project, and of none are one answer', async () => {
    const story = await startStoryForTest()
    const version = await createKey(story.as(olga), { accessControl: { enabled: true } })
    // The round of housekeeping at the start has its own statements.
    await story.app.housekeeping.runOnce()
    const unknown = formatId('keyVersion', newUuid())
    const hidden = await observe(story, { name: 'ada', roles: ['PROJECT_ADMIN'] }, version.id)
    expect(hidden.text).toBe('{"data":{"destroyImpact":null}}')
    expect(hidden).toEqual(await observe(story, { name: 'ada', roles: ['PROJECT_ADMIN'] }, unknown))
    expect(await observe(story, { ...olga, project: 'elsewhere' }, version.id)).toEqual(hidden)
    for (const id of [version.keyId, 'kver_x', '']) {
      expect(await story.as(olga).ask(document, { id })).toEqual({ destroyImpact: null })
    }
  })

  async function observe(story: Story, person: Person, id: string) {
    story.takeStatements()
    const { status, text } = await story.as(person).send(document, { id })
    return { status, text, statements: story.takeStatements() }
  }
})
