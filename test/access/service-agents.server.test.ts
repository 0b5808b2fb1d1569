import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { documentOf, keyMutations, outcomeOf, type Target } from './key-mutations.ts'
import { queryAbout } from './whole-selection.ts'

const backup: Person = { name: 'Backup', kind: 'SERVICE_AGENT' }
const secrets: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
const admin: Person = { name: 'ada', roles }

describe.skipIf(hasNoDatabase())('a service agent', () => {
  let story: Story
  let ada: Client
  const targets = new Map<'open' | 'listed' | 'unlisted', Target>()

  beforeAll(async () => {
    story = await startStory()
    ada = story.as(admin)
    for (const [name, accessControl] of [
      ['open', { enabled: false }],
      ['listed', { enabled: true, allowedSubjects: ['service-agent:Backup', 'user:bob'] }],
      ['unlisted', { enabled: true, allowedSubjects: ['service-agent:Secrets Manager', 'user:Backup'] }],
    ] as const) {
      const created = await ada.mutate('createUserKey', { name, accessControl }, 'userKey { id }')
      const keyId = created['userKey'].id
      const { ciphertext } = await ada.mutate(
        'encrypt',
        { key: keyId, plaintext: base64('hello') },
        'ciphertext',
      )
      targets.set(name, { keyId, ciphertext })
    }
  })
  afterAll(() => endStory(story))

  const target = (name: 'open' | 'listed' | 'unlisted'): Target => {
    const found = targets.get(name)
    if (found === undefined) throw new Error('no such key')
    return found
  }

  it.each(['open', 'unlisted'] as const)(
    'on no list of the key %s finds that it does not exist',
    async (name) => {
      const agent = story.as({ ...backup, roles })
      const { keyId, ciphertext } = target(name)
      const unknown = formatId('userKey', newUuid())
      const read = queryAbout('userKey(key: $key) { id } node(id: $id) { id } nodes(ids: [$id]) { id }')
      expect(await agent.ask(read, { id: keyId, key: keyId })).toEqual({
        userKey: null,
        node: null,
        nodes: [null],
      })
      expect(await agent.ask(`{ userKey(key: "${name}") { id } }`)).toEqual({ userKey: null })
      for (const { name: mutation, input } of keyMutations) {
        const [there, absent] = await Promise.all(
          [keyId, unknown].map((id) =>
            agent.send(documentOf(mutation), { input: input({ keyId: id, ciphertext }) }),
          ),
        )
        expect(there?.text, mutation).toBe(absent?.text)
        expect(there?.text, mutation).toMatch(/"(KEY_NOT_FOUND|INVALID_CIPHERTEXT)"/)
      }
      expect(await outcomeOf(agent, 'decrypt', { ciphertext })).toBe('InvalidCiphertextError')
      expect(await outcomeOf(agent, 'reEncrypt', { ciphertext })).toBe('InvalidCiphertextError')
    },
  )

  it('on the list of a key needs a role, and gets what the role gives', async () => {
    const { keyId, ciphertext } = target('listed')
    const read = { document: `{ userKey(key: "${keyId}") { id viewerCanAccess viewerPermissions } }` }
    const without = story.as(backup)
    const { errors } = await without.send(read.document)
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    for (const { name, input } of keyMutations)
      expect(await outcomeOf(without, name, input({ keyId, ciphertext })), name).toBe('ForbiddenError')

    const viewing = story.as({ ...backup, roles: ['KMS_VIEWER'] })
    expect(await viewing.ask(read.document)).toEqual({
      userKey: { id: keyId, viewerCanAccess: true, viewerPermissions: ['VIEW'] },
    })
    expect(await outcomeOf(viewing, 'decrypt', { ciphertext })).toBe('ForbiddenError')

    const using = story.as({ ...backup, roles: ['KMS_USER'] })
    expect(await outcomeOf(using, 'decrypt', { ciphertext })).toBe('DecryptPayload')
    expect(await outcomeOf(using, 'rotateUserKey', { key: keyId })).toBe('ForbiddenError')

    const managing = story.as({ ...backup, roles: ['KMS_MANAGER'] })
    expect(await outcomeOf(managing, 'rotateUserKey', { key: keyId })).toBe('RotateUserKeyPayload')
  })

  it('uses its own service key without a role, and no other', async () => {
    const agent = story.as(backup)
    const plaintext = base64('hello')
    const made = await agent.mutate('encryptWithServiceKey', { plaintext }, 'ciphertext keyId')
    const { ciphertext } = made
    const opened = await agent.mutate('decryptWithServiceKey', { ciphertext }, 'plaintext')
    expect(opened['plaintext']).toBe(plaintext)
    const dataKey = await agent.mutate('generateServiceDataKey', {}, 'plaintext keyId')
    expect(dataKey).toMatchObject({ keyId: made['keyId'], plaintext: expect.stringMatching(/^.{44}$/) })

    for (const other of [secrets, { ...backup, project: 'elsewhere' }, { ...secrets, roles }]) {
      const client = story.as(other)
      expect(await outcomeOf(client, 'decryptWithServiceKey', { ciphertext })).toBe('InvalidCiphertextError')
      const theirs = await client.mutate('encryptWithServiceKey', { plaintext }, 'keyId')
      expect(theirs['keyId']).not.toBe(made['keyId'])
    }
  })

  it.each([
    ['a user with every role', { name: 'ada', roles }],
    ['a user with the name of the service', { name: 'Backup', roles }],
    ['a service account with the name of the service', { name: 'Backup', kind: 'SERVICE_ACCOUNT', roles }],
  ] satisfies [string, Person][])('is needed for service keys: %s is refused', async (_what, person) => {
    const plaintext = base64('hello')
    const { ciphertext } = await story.as(backup).mutate('encryptWithServiceKey', { plaintext }, 'ciphertext')
    const client = story.as(person)
    for (const [name, input] of [
      ['encryptWithServiceKey', { plaintext }],
      ['decryptWithServiceKey', { ciphertext }],
      ['decryptWithServiceKey', { ciphertext: base64('garbage') }],
      ['generateServiceDataKey', {}],
      ['generateServiceDataKey', { lengthBytes: 0 }],
    ] as const) {
      expect(await outcomeOf(client, name, input), name).toBe('ForbiddenError')
    }
  })

  it('alone has a use of its service key: users see it, and can neither use nor manage it', async () => {
    const plaintext = base64('hello')
    const made = await story.as(backup).mutate('encryptWithServiceKey', { plaintext }, 'ciphertext keyId')
    const keyId = made['keyId'] as string
    const ciphertext = made['ciphertext'] as string
    const seen = await ada.ask(`{ serviceKey(by: { key: "${keyId}" }) { id service status } }`)
    expect(seen).toEqual({ serviceKey: { id: keyId, service: 'Backup', status: 'ACTIVE' } })
    const sameUuid = keyId.replace(/^skey/, 'ukey')
    for (const { name, input } of keyMutations) {
      for (const id of [keyId, sameUuid]) {
        const outcome = await outcomeOf(ada, name, input({ keyId: id, ciphertext }))
        expect(outcome, name).toBe(/^decrypt/.test(name) ? 'InvalidCiphertextError' : 'KeyNotFoundError')
      }
    }
    expect(await outcomeOf(ada, 'decrypt', { ciphertext })).toBe('InvalidCiphertextError')
    expect(await outcomeOf(ada, 'reEncrypt', { ciphertext })).toBe('InvalidCiphertextError')
  })
})
