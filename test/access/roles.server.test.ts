import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Role, roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { type Ability, abilitiesByRole, mutationRules, operations } from './entitlement-table.ts'
import { keyMutations, outcomeOf, type Target } from './key-mutations.ts'
import { queryAbout } from './whole-selection.ts'

/** The values of the field `permissions`, in its order, and what they stand for here. */
const permissions: readonly [string, Ability][] = [
  ['VIEW', 'view'],
  ['ENCRYPT', 'encrypt'],
  ['DECRYPT', 'decrypt'],
  ['SIGN', 'sign'],
  ['VERIFY', 'verify'],
  ['GENERATE_MAC', 'generateMac'],
  ['VERIFY_MAC', 'verifyMac'],
  ['ENCAPSULATE', 'encapsulate'],
  ['DECAPSULATE', 'decapsulate'],
  ['DERIVE', 'derive'],
  ['CREATE', 'create'],
  ['MANAGE', 'manage'],
  ['MANAGE_OWN', 'manageOwn'],
  ['READ_AUDIT', 'readAudit'],
  ['MANAGE_ROLES', 'manageRoles'],
]

function abilitiesOf(given: readonly Role[]): Set<Ability> {
  return new Set(given.flatMap((role) => abilitiesByRole[role]))
}

/** Unions that give more than each of their roles, and some that do not. */
const combinations: readonly (readonly Role[])[] = [
  ...roles.map((role) => [role]),
  ['PROJECT_READER', 'KMS_USER'],
  ['KMS_VIEWER', 'PROJECT_MEMBER'],
  ['PROJECT_MEMBER', 'KMS_MANAGER'],
  ['PROJECT_READER', 'KMS_VIEWER'],
  ['KMS_ENCRYPTER', 'KMS_DECRYPTER'],
  ['KMS_SIGNER', 'KMS_VERIFIER', 'KMS_AUDITOR'],
  [...roles],
]

const oldRoles = roles.slice(0, 6)

/** Every set of the first six roles, each pair of any roles, and all of them. */
const roleSets: readonly (readonly Role[])[] = [
  ...Array.from({ length: 64 }, (_, set) => oldRoles.filter((_role, index) => (set >> index) % 2 === 1)),
  ...roles.flatMap((one, index) => roles.slice(index + 1).map((other) => [one, other])),
  ...roles.slice(6).map((role) => [role]),
  roles.slice(6),
  roles,
]

const views = [
  'userKeys { nodes { id name status } }',
  'userKey(key: $key) { id name status }',
  'node(id: $id) { id ... on Key { name status } }',
  'nodes(ids: [$id]) { id ... on Key { name status } }',
  'serviceKeys { nodes { id name status } }',
  'serviceKey(by: { service: "Secrets Manager" }) { id name status }',
]

/** All roles that lack something that a mutation needs. */
function rolesWithout(mutation: string): readonly Role[] {
  const rule = mutationRules[mutation]
  // Its owner may give a key away with any role.
  if (rule === 'TRANSFER') return []
  const lacked =
    rule === 'manage' ? (['manage', 'manageOwn'] as const) : (rule as readonly Ability[]).slice(-1)
  return roles.filter((role) => !lacked.some((each) => abilitiesByRole[role].includes(each)))
}

/** What tells a caller who may do it that this key is not one for it. */
const otherwisePossible: Readonly<Record<string, RegExp>> = {
  publishJwks: /^InvalidKeyUsageError$/,
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
    const encrypted = await client.mutate('encrypt', { key: keyId, plaintext: base64('hello') }, 'ciphertext')
    return { keyId, ciphertext: encrypted['ciphertext'] ?? base64('none') }
  }

  async function expectViews(client: Client, allowed: boolean): Promise<void> {
    for (const view of views) {
      const { keyId } = encrypting
      const { data, errors } = await client.send(queryAbout(`result: ${view}`), { id: keyId, key: keyId })
      if (allowed) expect(JSON.stringify(data), view).toContain('"ACTIVE"')
      else
        expect(
          errors.map(({ extensions }) => extensions.code),
          view,
        ).toEqual(['FORBIDDEN'])
    }
  }

  async function expectUses(client: Client, has: ReadonlySet<Ability>): Promise<void> {
    for (const { name, input, keyOf } of keyMutations.filter(({ group }) => group === 'OPERATION')) {
      const target = targets.get(keyOf?.algorithm ?? '') ?? encrypting
      const outcome = await outcomeOf(client, name, input(target))
      const allowed = (mutationRules[name] as readonly Ability[]).every((each) => has.has(each))
      expect(outcome, name).toMatch(allowed ? /Payload$/ : /^ForbiddenError$/)
    }
    const random = await outcomeOf(client, 'generateRandom', {})
    expect(random).toBe(operations.some((each) => has.has(each)) ? 'GenerateRandomPayload' : 'ForbiddenError')
  }

  /** Gives a key that was just created to somebody else. */
  async function expectTransfer(client: Client, owner: string, allowed: boolean): Promise<void> {
    const { keyId } = await createKey(story.as({ ...creator, name: owner }), {})
    const outcome = await outcomeOf(client, 'transferOwnership', { key: keyId, to: 'group:heirs' })
    expect(outcome).toBe(allowed ? 'TransferOwnershipPayload' : 'ForbiddenError')
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
    const alias = `${name}-alias`
    await creating.mutate('createAlias', { key: userKey.id, alias })
    for (const { name: mutation, input } of keyMutations.filter(({ group }) => group === 'MANAGE')) {
      const given = { ...input({ keyId: userKey.id, ciphertext: '', alias }) }
      if (mutation === 'createAlias') Object.assign(given, { alias: `${name}-other` })
      if (mutation === 'deleteUserKey') Object.assign(given, { confirmName: name })
      const possible = otherwisePossible[mutation] ?? /Payload$/
      expect(await outcomeOf(client, mutation, given), mutation).toMatch(
        allowed ? possible : /^ForbiddenError$/,
      )
    }
  }

  it.each(combinations.map((given) => [given.join(' and '), given] as const))(
    '%s: what the table says, no more and no less',
    async (_name, given) => {
      const has = abilitiesOf(given)
      const person: Person = { name: 'someone', roles: given, groups: ['staff'] }
      const client = story.as(person)
      await expectViews(client, has.has('view'))
      await expectUses(client, has)
      const created = await outcomeOf(client, 'createUserKey', { name: `created-${++count}` })
      expect(created).toBe(has.has('create') ? 'CreateUserKeyPayload' : 'ForbiddenError')
      await expectManages(client, 'someone-else', has.has('manage'))
      await expectManages(client, 'someone', has.has('manage') || has.has('manageOwn'))
      await expectTransfer(client, 'someone-else', has.has('manage'))
      await expectTransfer(client, 'someone', has.has('view'))
      const { keyAlgorithms } = await client.ask<{ keyAlgorithms: object[] }>(
        '{ keyAlgorithms { algorithm } }',
      )
      expect(keyAlgorithms.length).toBeGreaterThan(0)
    },
  )

  it('add up: a set of roles gives the union of what its roles give', async () => {
    // Someone owns one key, and none of those of each usage.
    const someone = story.as({ ...creator, name: 'someone' })
    const mine = await createKey(someone, {})
    const usages: readonly [algorithm: string, operations: readonly string[]][] = [
      ['AES_256_GCM', ['ENCRYPT', 'DECRYPT']],
      ['ED25519', ['SIGN', 'VERIFY']],
      ['HMAC_SHA256', ['GENERATE_MAC', 'VERIFY_MAC']],
      ['ML_KEM_768', ['ENCAPSULATE', 'DECAPSULATE']],
      ['X25519', ['DERIVE']],
    ]
    const theirs = new Map<string, string>()
    for (const [algorithm] of usages) theirs.set(algorithm, (targets.get(algorithm) ?? encrypting).keyId)
    expect(new Set(theirs.values()).size).toBe(usages.length)
    for (const given of roleSets) {
      const has = abilitiesOf(given)
      const client = story.as({ name: 'someone', roles: given })
      const { viewer } = await client.ask<{ viewer: { permissions: string[] } }>('{ viewer { permissions } }')
      const wanted = permissions.filter(([, ability]) => has.has(ability)).map(([name]) => name)
      expect(viewer.permissions, given.join()).toEqual(wanted)
      if (!has.has('view')) continue
      const onKeys = async (ids: readonly string[]) => {
        const { nodes } = await client.ask<{ nodes: { viewerPermissions: string[] }[] }>(
          'query($ids: [ID!]!) { nodes(ids: $ids) { ... on UserKey { viewerPermissions } } }',
          { ids },
        )
        return nodes.map(({ viewerPermissions }) => viewerPermissions)
      }
      const expectedOn = (operationsOfKey: readonly string[], manages: boolean, readsAudit: boolean) => [
        ...['VIEW', ...operationsOfKey].filter((name) => wanted.includes(name)),
        ...(manages ? ['MANAGE'] : []),
        ...(readsAudit ? ['READ_AUDIT'] : []),
      ]
      const ofAes = usages[0]?.[1] ?? []
      expect(await onKeys([mine.keyId, ...theirs.values()]), given.join()).toEqual([
        // Whoever owns a key reads its trail, whatever the role.
        expectedOn(ofAes, has.has('manage') || has.has('manageOwn'), true),
        ...usages.map(([, ofKey]) => expectedOn(ofKey, has.has('manage'), has.has('readAudit'))),
      ])
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
    await expectUses(client, new Set())
    await expectManages(client, 'rita', false)
    await expectTransfer(client, 'rita', false)
    expect(await outcomeOf(client, 'createUserKey', { name: 'new' })).toBe('ForbiddenError')
    const { errors } = await client.send('{ keyAlgorithms { algorithm } }')
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    const viewer = await client.ask('{ viewer { subject { id } roles permissions projectId } }')
    expect(viewer).toEqual({
      viewer: { subject: { id: 'user:rita' }, roles: [], permissions: [], projectId: 'shop' },
    })
  })

  it('are checked before anything else: the input and the existence of the key', async () => {
    for (const { name, input, invalidInput } of keyMutations) {
      const client = story.as({ name: 'vic', roles: rolesWithout(name) })
      for (const keyId of [encrypting.keyId, 'ukey_nonsense', '']) {
        for (const each of [input, invalidInput ?? input]) {
          expect(await outcomeOf(client, name, each({ keyId, ciphertext: '' })), name).toBe('ForbiddenError')
        }
      }
    }
    const client = story.as({ name: 'vic', roles: ['KMS_VIEWER', 'KMS_AUDITOR', 'KMS_USER'] })
    expect(await outcomeOf(client, 'createUserKey', { name: 'Not A Name' })).toBe('ForbiddenError')
  })

  it('count in their own project only', async () => {
    const client = story.as({ ...creator, roles: ['PROJECT_ADMIN'], project: 'elsewhere' })
    const data = await client.ask(queryAbout(views.map((view, index) => `view${index}: ${view}`).join(' ')), {
      id: encrypting.keyId,
      key: encrypting.keyId,
    })
    expect(Object.values(data)).toEqual([{ nodes: [] }, null, null, [null], { nodes: [] }, null])
    for (const { name, input } of keyMutations) {
      const outcome = await outcomeOf(client, name, input(encrypting))
      expect(outcome, name).toBe(/^decrypt/.test(name) ? 'InvalidCiphertextError' : 'KeyNotFoundError')
    }
    expect(await outcomeOf(client, 'createUserKey', { name: 'key-1' })).toBe('CreateUserKeyPayload')
  })
})
