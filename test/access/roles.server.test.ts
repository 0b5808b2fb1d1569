import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Role, roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { keyMutations, outcomeOf, type Target } from './key-mutations.ts'

type Ability = 'view' | 'use' | 'create' | 'manage' | 'manageOwn' | 'readAudit' | 'manageRoles'

/** What each role gives; "manage own" is managing the keys that the caller owns. */
const table: Readonly<Record<Role, readonly Ability[]>> = {
  PROJECT_ADMIN: ['view', 'use', 'create', 'manage', 'manageOwn', 'readAudit', 'manageRoles'],
  PROJECT_MEMBER: ['view', 'use', 'create', 'manageOwn'],
  PROJECT_READER: ['view'],
  KMS_MANAGER: ['view', 'use', 'create', 'manage', 'manageOwn', 'readAudit'],
  KMS_USER: ['view', 'use'],
  KMS_VIEWER: ['view'],
}

/** The values of the field `permissions`, in its order, and what they stand for here. */
const permissions: readonly [string, (abilities: ReadonlySet<Ability>) => boolean][] = [
  ['VIEW', (has) => has.has('view')],
  ['USE', (has) => has.has('use')],
  ['CREATE', (has) => has.has('create')],
  ['MANAGE', (has) => has.has('manage')],
  ['MANAGE_OWN', (has) => has.has('manageOwn') && !has.has('manage')],
  ['READ_AUDIT', (has) => has.has('readAudit')],
  ['MANAGE_ROLES', (has) => has.has('manageRoles')],
]

function abilitiesOf(given: readonly Role[]): Set<Ability> {
  return new Set(given.flatMap((role) => table[role]))
}

/** Unions that give more than each of their roles, and some that do not. */
const combinations: readonly (readonly Role[])[] = [
  ...roles.map((role) => [role]),
  ['PROJECT_READER', 'KMS_USER'],
  ['KMS_VIEWER', 'PROJECT_MEMBER'],
  ['PROJECT_MEMBER', 'KMS_MANAGER'],
  ['PROJECT_READER', 'KMS_VIEWER'],
  [...roles],
]

const views = [
  'userKeys { nodes { id name status } }',
  'userKey(by: { id: $id }) { id name status }',
  'node(id: $id) { id ... on Key { name status } }',
  'nodes(ids: [$id]) { id ... on Key { name status } }',
  'serviceKeys { nodes { id name status } }',
  'serviceKey(by: { service: "Secrets Manager" }) { id name status }',
]

/** What tells a caller who may do it that this key is not one for it. */
const otherwisePossible: Readonly<Record<string, RegExp>> = {
  deleteUserKey: /^InvalidKeyStateError$/,
  getImportParameters: /^InvalidKeyOriginError$/,
  importKeyVersion: /^InvalidKeyOriginError$/,
}

describe.skipIf(hasNoDatabase())('roles', () => {
  let story: Story
  let encrypting: Target
  const targets = new Map<string, Target>()
  let count = 0
  const creator: Person = { name: 'rita', roles: ['KMS_MANAGER'], groups: ['staff'] }

  beforeAll(async () => {
    story = await startStory()
    const rita = story.as(creator)
    encrypting = await createKey(rita, {})
    for (const { keyOf } of keyMutations) {
      if (keyOf !== undefined && !targets.has(keyOf.algorithm)) {
        targets.set(keyOf.algorithm, await createKey(rita, keyOf))
      }
    }
    await story
      .as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
      .mutate('encryptWithServiceKey', { plaintext: '' })
  })
  afterAll(() => endStory(story))

  async function createKey(client: Client, input: object): Promise<Target> {
    const created = await client.mutate(
      'createUserKey',
      { name: `key-${++count}`, ...input },
      'userKey { id }',
    )
    const keyId = created['userKey'].id
    const encrypted = await client.mutate('encrypt', { keyId, plaintext: base64('hello') }, 'ciphertext')
    return { keyId, ciphertext: encrypted['ciphertext'] ?? base64('none') }
  }

  async function expectViews(client: Client, allowed: boolean): Promise<void> {
    for (const view of views) {
      const { data, errors } = await client.send(
        `query${view.includes('$id') ? '($id: ID!)' : ''} { result: ${view} }`,
        {
          id: encrypting.keyId,
        },
      )
      if (allowed) expect(JSON.stringify(data), view).toContain('"ACTIVE"')
      else
        expect(
          errors.map(({ extensions }) => extensions.code),
          view,
        ).toEqual(['FORBIDDEN'])
    }
  }

  async function expectUses(client: Client, allowed: boolean): Promise<void> {
    for (const { name, input, keyOf } of keyMutations.filter(({ permission }) => permission === 'USE')) {
      const target = targets.get(keyOf?.algorithm ?? '') ?? encrypting
      const outcome = await outcomeOf(client, name, input(target))
      expect(outcome, name).toMatch(allowed ? /Payload$/ : /^FORBIDDEN$/)
    }
  }

  /** Runs every change on a key that was just created, in an order in which each is possible. */
  async function expectManages(client: Client, owner: string, allowed: boolean): Promise<void> {
    const name = `managed-${++count}`
    const creating = story.as({ ...creator, name: owner })
    const { userKey } = await creating.mutate(
      'createUserKey',
      { name, preActivation: true },
      'userKey { id }',
    )
    for (const { name: mutation, input } of keyMutations.filter(
      ({ permission }) => permission === 'MANAGE',
    )) {
      const given = { ...input({ keyId: userKey.id, ciphertext: '' }) }
      if (mutation === 'deleteUserKey') Object.assign(given, { confirmName: name })
      const possible = otherwisePossible[mutation] ?? /Payload$/
      expect(await outcomeOf(client, mutation, given), mutation).toMatch(allowed ? possible : /^FORBIDDEN$/)
    }
  }

  it.each(combinations.map((given) => [given.join(' and '), given] as const))(
    '%s: what the table says, no more and no less',
    async (_name, given) => {
      const has = abilitiesOf(given)
      const person: Person = { name: 'someone', roles: given, groups: ['staff'] }
      const client = story.as(person)
      await expectViews(client, has.has('view'))
      await expectUses(client, has.has('use'))
      const created = await outcomeOf(client, 'createUserKey', { name: `created-${++count}` })
      expect(created).toBe(has.has('create') ? 'CreateUserKeyPayload' : 'FORBIDDEN')
      await expectManages(client, 'someone-else', has.has('manage'))
      await expectManages(client, 'someone', has.has('manageOwn'))
      const { keyAlgorithms } = await client.ask<{ keyAlgorithms: object[] }>(
        '{ keyAlgorithms { algorithm } }',
      )
      expect(keyAlgorithms.length).toBeGreaterThan(0)
    },
  )

  it('add up: each of the 64 sets of roles gives the union of what its roles give', async () => {
    const [mine, theirs] = await Promise.all([
      createKey(story.as({ ...creator, name: 'someone' }), {}),
      encrypting,
    ])
    for (let set = 0; set < 64; set++) {
      const given = roles.filter((_role, index) => (set >> index) % 2 === 1)
      const has = abilitiesOf(given)
      const client = story.as({ name: 'someone', roles: given })
      const { viewer } = await client.ask<{ viewer: { permissions: string[] } }>('{ viewer { permissions } }')
      const wanted = permissions.filter(([, holds]) => holds(has)).map(([name]) => name)
      // Whoever manages all keys manages its own; the project says so in either form.
      expect(viewer.permissions.filter((name) => name !== 'MANAGE_OWN' || !has.has('manage'))).toEqual(wanted)
      if (!has.has('view')) continue
      const onKey = async (keyId: string) =>
        (
          await client.ask<{ userKey: { viewerPermissions: string[] } }>(
            `{ userKey(by: { id: "${keyId}" }) { viewerPermissions } }`,
          )
        ).userKey.viewerPermissions
      const base = ['VIEW', 'USE'].filter((name) => wanted.includes(name))
      const manage = (holds: boolean) => (holds ? ['MANAGE'] : [])
      const audit = has.has('readAudit') ? ['READ_AUDIT'] : []
      expect(await onKey(mine.keyId)).toEqual([...base, ...manage(has.has('manageOwn')), ...audit])
      expect(await onKey(theirs.keyId)).toEqual([...base, ...manage(has.has('manage')), ...audit])
    }
  })

  it.each([
    ['no role', []],
    ['roles that mean nothing here', ['ADMIN', 'project_admin', 'KMS_MANAGER ', '']],
  ] as const)('%s gives nothing but who one is', async (_name, given) => {
    // The owner of a key is nobody without a role either.
    const person = { ...creator, roles: given as readonly string[] as readonly Role[] }
    const client = story.as(person)
    await expectViews(client, false)
    await expectUses(client, false)
    await expectManages(client, 'rita', false)
    expect(await outcomeOf(client, 'createUserKey', { name: 'new' })).toBe('FORBIDDEN')
    const { errors } = await client.send('{ keyAlgorithms { algorithm } }')
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    const viewer = await client.ask('{ viewer { subject { id } roles permissions projectId } }')
    expect(viewer).toEqual({
      viewer: { subject: { id: 'user:rita' }, roles: [], permissions: [], projectId: 'shop' },
    })
  })

  it('are checked before anything else: the input and the existence of the key', async () => {
    const client = story.as({ name: 'vic', roles: ['KMS_VIEWER'] })
    for (const { name, input, invalidInput } of keyMutations) {
      for (const keyId of [encrypting.keyId, 'ukey_nonsense', '']) {
        for (const each of [input, invalidInput ?? input]) {
          expect(await outcomeOf(client, name, each({ keyId, ciphertext: '' })), name).toBe('FORBIDDEN')
        }
      }
    }
    expect(await outcomeOf(client, 'createUserKey', { name: 'Not A Name' })).toBe('FORBIDDEN')
  })

  it('count in their own project only', async () => {
    const client = story.as({ ...creator, roles: ['PROJECT_ADMIN'], project: 'elsewhere' })
    const data = await client.ask(
      `query($id: ID!) { ${views.map((view, index) => `view${index}: ${view}`).join(' ')} }`,
      { id: encrypting.keyId },
    )
    expect(Object.values(data)).toEqual([{ nodes: [] }, null, null, [null], { nodes: [] }, null])
    for (const { name, input } of keyMutations) {
      const outcome = await outcomeOf(client, name, input(encrypting))
      expect(outcome, name).toBe(/^decrypt/.test(name) ? 'InvalidCiphertextError' : 'KeyNotFoundError')
    }
    expect(await outcomeOf(client, 'createUserKey', { name: 'key-1' })).toBe('CreateUserKeyPayload')
  })
})
