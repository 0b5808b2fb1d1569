import { describe, expect, it } from 'vitest'
import { runCommand } from '../support/command-process.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { environmentFor, type Person, type Story, startStoryForTest } from '../support/story.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const alice: Person = { name: 'alice', roles: ['PROJECT_MEMBER'] }
const friend: Person = { name: 'fred', roles: ['PROJECT_READER'] }

describe.skipIf(hasNoDatabase())('a transfer of ownership by the operator', () => {
  it('makes a key manageable again that nobody could manage, while the server runs', async () => {
    const { story, keyId, keystead } = await storyWithLockedKey()
    const rotate = () => story.as(alice).mutate('rotateUserKey', { key: keyId })
    expect((await rotate()).__typename).toBe('ForbiddenError')
    const { code, printed, said } = await keystead(
      'key',
      'transfer-owner',
      '--key',
      keyId,
      '--to',
      'user:alice',
    )
    expect({ code, said }).toEqual({ code: 0, said: '' })
    expect(printed).toContain(`The key "orders" (${keyId}) belongs to user:alice now; before, to user:olga.`)
    expect((await rotate()).__typename).toBe('RotateUserKeyPayload')
    const { userKey } = await story.as(friend).ask<{ userKey: object }>(keyQuery)
    expect(userKey).toMatchObject({ viewerCanAccess: true, owner: { name: 'alice' } })
    expect((await story.as(owner).mutate('rotateUserKey', { key: keyId })).__typename).toBe('ForbiddenError')
  })

  it('is on record in the project, by system:operator, with the revision that it made', async () => {
    const { story, keyId, keystead } = await storyWithLockedKey()
    const before = await revisionOf(story)
    expect((await keystead('key', 'transfer-owner', '--name', 'orders', '--to', 'user:alice')).code).toBe(0)
    const [event, ...more] = await transfersOf(story)
    expect(more).toEqual([])
    expect(event).toMatchObject({
      project_id: 'shop',
      actor: 'system:operator',
      outcome: 'SUCCEEDED',
      key_revision: before + 1,
      details: { from: 'user:olga', to: 'user:alice' },
    })
    expect(await revisionOf(story)).toBe(before + 1)
    expect(keyId).toMatch(/^ukey_/)
  })

  it('takes everyone off the access list if asked to', async () => {
    const { story, keystead } = await storyWithLockedKey()
    const result = await keystead(
      ...['key', 'transfer-owner', '--name', 'orders', '--to', 'service-account:ci', '--clear-list'],
    )
    expect(result.code).toBe(0)
    const { userKey } = await story.as(friend).ask<{ userKey: object }>(keyQuery)
    expect(userKey).toMatchObject({ viewerCanAccess: false })
    expect((await keystead('key', 'show', '--name', 'orders')).printed).toMatch(/^Access list +nobody$/m)
  })

  it('changes nothing and records nothing where the key belongs to that owner already', async () => {
    const { story, keystead } = await storyWithLockedKey()
    const { code, printed } = await keystead(
      ...['key', 'transfer-owner', '--name', 'orders', '--to', 'user:olga'],
    )
    expect(code).toBe(0)
    expect(printed).toContain('nothing was changed')
    expect(await transfersOf(story)).toEqual([])
  })

  it('makes all members of a group owners, or a service in whatever spelling', async () => {
    const { story, keyId, keystead } = await storyWithLockedKey()
    const member = story.as({ name: 'gwen', roles: ['PROJECT_MEMBER'], groups: ['payments'] })
    const agent = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT', roles: ['PROJECT_MEMBER'] })
    const givenTo = async (subject: string) =>
      (await keystead('key', 'transfer-owner', '--name', 'orders', '--to', subject)).code
    expect(await givenTo('group:payments')).toBe(0)
    expect((await member.mutate('rotateUserKey', { key: keyId })).__typename).toBe('RotateUserKeyPayload')
    expect(await givenTo('service-agent:secrets MANAGER')).toBe(0)
    expect((await agent.mutate('rotateUserKey', { key: keyId })).__typename).toBe('RotateUserKeyPayload')
    expect((await member.mutate('rotateUserKey', { key: keyId })).__typename).toBe('ForbiddenError')
    expect(await givenTo('service-agent:SECRETS manager')).toBe(0)
    expect((await transfersOf(story)).map(({ details }) => details)).toMatchObject([
      { from: 'user:olga', to: 'group:payments' },
      { from: 'group:payments', to: 'service-agent:Secrets Manager' },
    ])
  })

  it('to what cannot own keys is refused as wrong usage', async () => {
    const { story, keystead } = await storyWithLockedKey()
    for (const subject of ['system:rotation', 'alice', 'group:', 'service-agent:not_a_service']) {
      const { code, said } = await keystead('key', 'transfer-owner', '--name', 'orders', '--to', subject)
      expect({ subject, code }).toEqual({ subject, code: 2 })
      expect(said).toMatch(/--to (must be user:NAME, group:NAME|has a name that must)/)
    }
    expect(await transfersOf(story)).toEqual([])
  })

  it('of a key of another project finds no key, and is on record as failed', async () => {
    const { story, keyId, environment } = await storyWithLockedKey()
    const args = ['key', 'transfer-owner', '--project', 'other', '--key', keyId, '--to', 'user:alice']
    const { code, printed, said } = await runCommand(environment, ...args)
    expect({ code, printed }).toEqual({ code: 1, printed: '' })
    expect(said).toContain(`The project "other" has no key with the ID ${keyId}.`)
    expect(said).not.toMatch(/^\s+at /m)
    expect(await transfersOf(story)).toMatchObject([
      { project_id: 'other', outcome: 'FAILED', error_code: 'KEY_NOT_FOUND', key_id: null },
    ])
  })

  it('of a service key is refused', async () => {
    const { story, keystead } = await storyWithLockedKey()
    const agent: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
    const { __typename } = await story.as(agent).mutate('encryptWithServiceKey', { plaintext: '' })
    expect(__typename).toBe('EncryptWithServiceKeyPayload')
    const { code, said } = await keystead(
      ...(['key', 'transfer-owner', '--name', 'Secrets-manager', '--to', 'user:alice'] as const),
    )
    expect(code).toBe(1)
    expect(said).toContain('a service key has no owner')
  })
})

describe.skipIf(hasNoDatabase())("the operator's view of a key", () => {
  it('shows it by name, by ID, and by the ID that those without access see, but no material', async () => {
    const { story, keyId, keystead } = await storyWithLockedKey()
    const { userKey } = await story.as(admin).ask<{ userKey: { id: string } }>(keyQuery)
    expect(userKey.id).toMatch(/^rkey_/)
    const byName = await keystead('key', 'show', '--name', 'orders')
    expect(byName.code).toBe(0)
    for (const line of [
      /^Name +orders$/m,
      new RegExp(`^ID +${keyId}$`, 'm'),
      /^Owner +user:olga$/m,
      /^Access control +on$/m,
      /^Access list +user:fred$/m,
      /^State +ACTIVE$/m,
      /^ {2}1 +ACTIVE, created /m,
    ]) {
      expect(byName.printed).toMatch(line)
    }
    for (const id of [keyId, userKey.id]) {
      expect((await keystead('key', 'show', '--key', id)).printed).toBe(byName.printed)
    }
    const materials = await story.sql('SELECT * FROM key_material')
    expect(materials).toHaveLength(1)
    const wrapped = Object.values(materials[0] ?? {}).filter((value) => value instanceof Uint8Array)
    expect(wrapped.length).toBeGreaterThan(0)
    for (const bytes of wrapped) {
      expect(byName.printed).not.toContain(Buffer.from(bytes).toString('base64').slice(0, 16))
      expect(byName.printed).not.toContain(Buffer.from(bytes).toString('hex').slice(0, 16))
    }
  })
})

const keyQuery = '{ userKey(key: "orders") { id viewerCanAccess owner { name } revision } }'

/** A running server with a key whose owner and friend are all who have access. */
async function storyWithLockedKey() {
  const story = await startStoryForTest({ CACHE_LIFETIME_MS: '0' })
  const created = await story
    .as(owner)
    .mutate(
      'createUserKey',
      { name: 'orders', accessControl: { enabled: true, allowedSubjects: ['user:fred'] } },
      'userKey { id }',
    )
  const environment = await environmentFor(story.database)
  const keystead = (group: string, command: string, ...args: string[]) =>
    runCommand(environment, group, command, '--project', 'shop', ...args)
  return { story, keyId: created['userKey'].id as string, environment, keystead }
}

async function revisionOf(story: Story): Promise<number> {
  const [row] = await story.sql(`SELECT revision FROM keys WHERE name = 'orders'`)
  return Number(row?.['revision'])
}

function transfersOf(story: Story): Promise<Record<string, unknown>[]> {
  return story.sql(`SELECT * FROM audit_events WHERE action = 'TRANSFER_OWNERSHIP' ORDER BY occurred_at`)
}
