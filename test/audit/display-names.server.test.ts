import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { foreignClaims, newFolder, plainRule, signerWithFile } from '../auth/rule-entries.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, createClient, type Story, startStoryForTest } from '../support/story.ts'

interface ShownEvent {
  readonly action: string
  readonly outcome: string
  readonly actor: { readonly id: string }
  readonly actorDisplayName: string | null
  readonly details: object
}

/** A server whose entry takes display names, and clients whose tokens have given claims. */
async function startNamedStory(): Promise<{ story: Story; as: (claims: object) => Client }> {
  const { signer, jwksFile } = await signerWithFile()
  const file = join(newFolder(), 'issuers.json')
  const rule = {
    ...plainRule,
    displayName: { claim: 'name' },
    groups: { claim: 'groups' },
    roles: { claim: 'roles' },
  }
  const { iss } = foreignClaims()
  const entry = { name: 'corp', issuer: iss, audiences: ['keystead'], jwksFile, rules: [rule] }
  writeFileSync(file, JSON.stringify({ version: 2, issuers: [entry] }))
  const story = await startStoryForTest({ AUTH_ISSUERS_FILE: file, AUTH_ISSUER: '', AUTH_JWKS_FILE: '' })
  return {
    story,
    as: (claims) =>
      createClient(
        () => story.app.url,
        async () => {
          const iat = Math.floor(story.clock.now().getTime() / 1000)
          return signer.sign(foreignClaims({ iat, exp: iat + 600, ...claims }))
        },
      ),
  }
}

async function eventsOf(client: Client, filter: object = {}): Promise<readonly ShownEvent[]> {
  const { auditEvents } = await client.ask<{ auditEvents: { nodes: ShownEvent[] } }>(
    `query($filter: AuditEventFilter) { auditEvents(first: 100, filter: $filter) {
      nodes { action outcome actor { id } actorDisplayName details } } }`,
    { filter },
  )
  return auditEvents.nodes
}

describe.skipIf(hasNoDatabase())('display names', () => {
  it('are shown beside the subject, and decide nothing', async () => {
    const { as } = await startNamedStory()
    const admin = { sub: 'a-1', name: 'Ada Example', roles: ['PROJECT_ADMIN'] }
    const ada = as(admin)
    const viewer = '{ viewer { subject { id } displayName } }'
    expect(await ada.ask(viewer)).toEqual({
      viewer: { subject: { id: 'user:a-1' }, displayName: 'Ada Example' },
    })
    const accessControl = { enabled: true, allowedSubjects: ['user:Bob Example', 'group:Bob Example'] }
    const made = await ada.mutate('createUserKey', { name: 'orders', accessControl }, 'userKey { id }')
    const keyId = made['userKey'].id
    await ada.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'versionNumber')

    // The name is that of an entry of the list, and of the owner; the subject is not.
    for (const name of ['Bob Example', 'a-1', 'user:a-1']) {
      const impostor = as({ sub: 'b-2', name, roles: ['KMS_MANAGER'] })
      expect(await impostor.ask('{ userKeys { nodes { viewerCanAccess } } }')).toEqual({
        userKeys: { nodes: [{ viewerCanAccess: false }] },
      })
      const answer = await impostor.send(
        'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }',
        { input: { key: keyId, plaintext: base64('x') } },
      )
      expect(answer.text).toMatch(/FORBIDDEN|ForbiddenError|KeyNotFoundError/)
      expect(await eventsOf(impostor)).toEqual([])
    }

    // Of a person with another name since, of one without, and of one whose name cannot be shown.
    await as({ ...admin, name: 'Ada Married' }).mutate('rotateUserKey', { key: keyId })
    await as({ ...admin, name: undefined }).mutate('rotateUserKey', { key: keyId })
    await as({ ...admin, name: 'a\u202eb' }).mutate('rotateUserKey', { key: keyId })
    const events = await eventsOf(ada, { key: keyId, actor: 'user:a-1' })
    expect(events.map(({ action, actorDisplayName }) => [action, actorDisplayName])).toEqual([
      ['ROTATE_KEY', null],
      ['ROTATE_KEY', null],
      ['ROTATE_KEY', 'Ada Married'],
      ['ENCRYPT', 'Ada Example'],
      ['CREATE_USER_KEY', 'Ada Example'],
    ])
    for (const { details } of events) expect(JSON.stringify(details)).not.toContain('Ada')
    expect(await eventsOf(ada, { actor: 'user:Ada Example' })).toEqual([])
  })

  it('of refused callers are recorded too', async () => {
    const { as } = await startNamedStory()
    const ada = as({ sub: 'a-1', name: 'Ada Example', roles: ['PROJECT_ADMIN'] })
    const made = await ada.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const keyId = made['userKey'].id
    const viewer = as({ sub: 'v-1', name: 'Vera Example', roles: ['KMS_VIEWER'] })
    await viewer.send(
      'mutation($input: RotateUserKeyInput!) { rotateUserKey(input: $input) { __typename } }',
      {
        input: { key: keyId },
      },
    )
    expect(await eventsOf(ada, { actor: 'user:v-1' })).toMatchObject([
      { action: 'ROTATE_KEY', outcome: 'DENIED', actorDisplayName: 'Vera Example' },
    ])
  })
})
