import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { subscribeAs } from '../subscriptions/event-source.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  endStory,
  type Person,
  type Story,
  startStory,
  startStoryForTest,
} from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const alice: Person = { name: 'alice', roles: ['KMS_USER'] }
const minute = 60_000

const tenant42 = [{ name: 'tenant', value: '42' }]
const tenant43 = [{ name: 'tenant', value: '43' }]

let made = 0
async function createKey(client: Client, entries: readonly object[], more: object = {}): Promise<string> {
  made += 1
  const input = { name: `key-${made}`, accessControl: { enabled: true, entries }, ...more }
  const { userKey, code, message } = await client.mutate('createUserKey', input, 'userKey { id }')
  if (userKey === undefined) throw new Error(`${code} ${message}`)
  return userKey.id
}

/** The name of the payload or of the error, or the code of a top-level error. */
async function outcomeOf(client: Client, name: string, input: object): Promise<string> {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const { data, errors } = await client.send(
    `mutation($input: ${pascal}Input!) { result: ${name}(input: $input) { __typename } }`,
    { input },
  )
  return errors[0]?.extensions.code ?? data.result.__typename
}

async function encrypted(client: Client, input: object): Promise<string> {
  return (await client.mutate('encrypt', { plaintext: base64('x'), ...input }, 'ciphertext'))['ciphertext']
}

const listOf = `query($id: KeyRef!) { userKey(key: $id) {
  viewerCanAccess revision viewerPermissions allowedSubjects { id }
  accessList { subject { id } permissions context { name value } expiresAt expired note } } }`

describe.skipIf(hasNoDatabase())('entries of an access list', () => {
  let story: Story
  let manager: Client
  beforeAll(async () => {
    story = await startStory()
    manager = story.as(olga)
  })
  afterAll(() => endStory(story))

  const later = (minutes: number) => new Date(story.clock.now().getTime() + minutes * minute).toISOString()

  it('are shown as they were given, beside the plain form, to those who see the key', async () => {
    const entry = {
      subject: 'group:ops',
      permissions: ['DECRYPT', 'VIEW', 'DECRYPT'],
      context: [...tenant42, { name: 'app', value: 'till' }],
      expiresAt: later(5),
      note: 'until the audit',
    }
    const keyId = await createKey(manager, [entry])
    await manager.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:bob'], entries: [] })
    const { userKey } = await manager.ask<{ userKey: object }>(listOf, { id: keyId })
    expect(userKey).toEqual({
      viewerCanAccess: true,
      revision: 2,
      viewerPermissions: ['VIEW', 'ENCRYPT', 'DECRYPT', 'MANAGE', 'READ_AUDIT'],
      allowedSubjects: [{ id: 'group:ops' }, { id: 'user:bob' }],
      accessList: [
        {
          subject: { id: 'group:ops' },
          permissions: ['VIEW', 'DECRYPT'],
          context: [{ name: 'app', value: 'till' }, ...tenant42],
          expiresAt: later(5),
          expired: false,
          note: 'until the audit',
        },
        {
          subject: { id: 'user:bob' },
          permissions: null,
          context: null,
          expiresAt: null,
          expired: false,
          note: '',
        },
      ],
    })
  })

  const good = { subject: 'user:alice' }
  it.each([
    ['an operation that the key does not have', { permissions: ['SIGN'] }, 'permissions'],
    ['no permission', { permissions: [] }, 'permissions'],
    ['managing without viewing or an operation', { permissions: ['MANAGE'] }, 'permissions'],
    ['an end in the past', { expiresAt: '2026-01-01T00:00:00Z' }, 'expiresAt'],
    ['an end at this moment', { expiresAt: '2026-03-01T12:00:00Z' }, 'expiresAt'],
    ['a condition without an operation', { permissions: ['VIEW'], context: tenant42 }, 'context'],
    ['an empty condition', { context: [] }, 'context'],
    ['two pairs of one name', { context: [...tenant42, ...tenant43] }, 'context.1.name'],
    ['a name with a space', { context: [{ name: 'a b', value: '' }] }, 'context.0.name'],
    ['a value of 257 bytes', { context: [{ name: 'a', value: 'x'.repeat(257) }] }, 'context.0.value'],
    ['a value that is not NFC', { context: [{ name: 'a', value: 'e\u0301' }] }, 'context.0.value'],
    ['a zero-width character', { context: [{ name: 'a', value: '4\u200b2' }] }, 'context.0.value'],
    ['a variation selector', { context: [{ name: 'a', value: '42\ufe0f' }] }, 'context.0.value'],
    ['an end after the year 9999', { expiresAt: '9999-12-31T23:59:59-23:59' }, 'expiresAt'],
    ['an unassigned character', { context: [{ name: 'a', value: '\u{e0fff}' }] }, 'context.0.value'],
    ['a note with a control character', { note: 'a\u0007' }, 'note'],
    ['a note of 257 characters', { note: 'x'.repeat(257) }, 'note'],
    ['no subject', { subject: 'alice' }, 'subject'],
    ['the system', { subject: 'system:rotation' }, 'subject'],
    ['a service that cannot be', { subject: 'service-agent:bad_name' }, 'subject'],
  ])('are refused with %s, when a key is created and afterwards', async (_what, fault, path) => {
    const entries = [{ ...good, ...fault }]
    const asked = 'issues { path message }'
    const fragment = `... on InputValidationError { ${asked} }`
    const keyId = await createKey(manager, [])
    const added = await manager.mutate('addAllowedSubjects', { key: keyId, entries }, '', fragment)
    expect(added['issues']).toEqual([
      { path: ['entries', '0', ...path.split('.')], message: expect.stringMatching(/^(must|needs|has)/) },
    ])
    const created = await manager.mutate(
      'createUserKey',
      { name: 'new', accessControl: { enabled: true, entries } },
      '',
      fragment,
    )
    expect(created['issues'][0].path).toEqual(['accessControl', 'entries', '0', ...path.split('.')])
  })

  it('are refused with 17 pairs before anything else is looked at', async () => {
    const context = Array.from({ length: 17 }, (_, index) => ({ name: `n${index}`, value: '' }))
    const keyId = await createKey(manager, [])
    const entries = [{ ...good, context }]
    expect(await outcomeOf(manager, 'addAllowedSubjects', { key: keyId, entries })).toMatch(
      /^INPUT_VALIDATION|Input/,
    )
    expect(await outcomeOf(manager, 'encrypt', { key: keyId, plaintext: '', context })).toMatch(
      /^INPUT_VALIDATION|Input/,
    )
  })

  it.each([
    ['RSA_2048', ['DECRYPT']],
    ['HMAC_SHA256', ['VERIFY_MAC']],
    ['ED25519', null],
  ])('ask for no context of a key of %s, which takes none', async (algorithm, permissions) => {
    const more = algorithm === 'RSA_2048' ? { usage: 'ENCRYPT_DECRYPT' } : {}
    const keyId = await createKey(manager, [], { algorithm, ...more })
    const entries = [{ ...good, permissions, context: tenant42 }]
    expect(await outcomeOf(manager, 'addAllowedSubjects', { key: keyId, entries })).toBe(
      'InputValidationError',
    )
    const plain = [{ ...good, permissions }]
    expect(await outcomeOf(manager, 'addAllowedSubjects', { key: keyId, entries: plain })).toBe(
      'AddAllowedSubjectsPayload',
    )
  })

  it('of a subject that is also given plainly are refused: they would look like a limit and be none', async () => {
    const keyId = await createKey(manager, [])
    const input = { key: keyId, subjects: ['user:alice'], entries: [{ ...good, permissions: ['DECRYPT'] }] }
    expect(await outcomeOf(manager, 'addAllowedSubjects', input)).toBe('InputValidationError')
  })

  it('replace those that the subject had, so that a limit takes hold at once', async () => {
    const keyId = await createKey(manager, [good])
    const user = story.as(alice)
    expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '' })).toBe('EncryptPayload')
    const entries = [{ ...good, permissions: ['DECRYPT'] }]
    await manager.mutate('addAllowedSubjects', { key: keyId, entries })
    expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '' })).toBe('ForbiddenError')
    await manager.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:alice'] })
    expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '' })).toBe('EncryptPayload')
  })

  it('let a service encrypt alone, and another one decrypt for one context alone', async () => {
    const keyId = await createKey(manager, [
      { subject: 'service-account:till' },
      { subject: 'service-account:billing', context: tenant42 },
    ])
    const till = story.as({ name: 'till', kind: 'SERVICE_ACCOUNT', roles: ['KMS_ENCRYPTER'] })
    const billing = story.as({ name: 'billing', kind: 'SERVICE_ACCOUNT', roles: ['KMS_DECRYPTER'] })
    const ours = await encrypted(till, { key: keyId, context: tenant42 })
    const others = await encrypted(till, { key: keyId, context: tenant43 })
    expect(await outcomeOf(till, 'decrypt', { ciphertext: ours, context: tenant42 })).toBe('ForbiddenError')
    expect(await outcomeOf(billing, 'decrypt', { ciphertext: ours, context: tenant42 })).toBe(
      'DecryptPayload',
    )
    expect(await outcomeOf(billing, 'decrypt', { ciphertext: others, context: tenant43 })).toBe(
      'ForbiddenError',
    )
    expect(await outcomeOf(billing, 'decrypt', { ciphertext: others, context: tenant42 })).toBe(
      'InvalidCiphertextError',
    )
    expect(await outcomeOf(billing, 'encrypt', { key: keyId, plaintext: '', context: tenant42 })).toBe(
      'ForbiddenError',
    )
    expect(await outcomeOf(billing, 'sign', { key: keyId, message: '' })).toBe('ForbiddenError')
  })

  it('with a condition do not hold for a call without context, or with the context as other bytes', async () => {
    const keyId = await createKey(manager, [{ ...good, context: tenant42 }])
    const user = story.as(alice)
    const context = [{ name: 'app', value: 'till' }, ...tenant42]
    const ciphertext = await encrypted(user, { key: keyId, context })
    for (const given of [{}, { additionalAuthenticatedData: encodedTenant42 }, { context: tenant43 }]) {
      expect(await outcomeOf(user, 'decrypt', { ciphertext, ...given })).toBe('ForbiddenError')
      expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '', ...given })).toBe('ForbiddenError')
    }
    expect(await outcomeOf(user, 'decrypt', { ciphertext, context: context.toReversed() })).toBe(
      'DecryptPayload',
    )
  })

  it.each([
    ['encrypt', { plaintext: '' }],
    ['generateDataKey', { lengthBytes: 32 }],
    ['generateDataKeyPair', { algorithm: 'ED25519' }],
  ])('with a condition hold for %s, as for all operations that take a context', async (name, input) => {
    const keyId = await createKey(manager, [{ ...good, context: tenant42 }])
    const user = story.as(alice)
    expect(await outcomeOf(user, name, { key: keyId, ...input, context: tenant42 })).toMatch(/Payload$/)
    expect(await outcomeOf(user, name, { key: keyId, ...input, context: tenant43 })).toBe('ForbiddenError')
    expect(await outcomeOf(user, name, { key: keyId, ...input })).toBe('ForbiddenError')
  })

  it('are asked on both sides of a re-encryption', async () => {
    const limited = { ...good, permissions: ['DECRYPT'], context: tenant42 }
    const source = await createKey(manager, [limited])
    const own = await createKey(manager, [good])
    const user = story.as(alice)
    const [ours, others] = await Promise.all(
      [tenant42, tenant43].map((context) => encrypted(manager, { key: source, context })),
    )
    const reEncrypt = (input: object, client = user) => outcomeOf(client, 'reEncrypt', input)
    const destination = { destinationKey: own }
    expect(await reEncrypt({ ciphertext: ours, sourceContext: tenant42, ...destination })).toBe(
      'ReEncryptPayload',
    )
    // Its entry does not let it encrypt with the source again.
    expect(await reEncrypt({ ciphertext: ours, sourceContext: tenant42 })).toBe('ForbiddenError')
    expect(await reEncrypt({ ciphertext: others, sourceContext: tenant43, ...destination })).toBe(
      'ForbiddenError',
    )
    expect(await reEncrypt({ ciphertext: ours, ...destination })).toBe('ForbiddenError')
    const decrypter = story.as({ ...alice, roles: ['KMS_DECRYPTER'] })
    expect(await reEncrypt({ ciphertext: ours, sourceContext: tenant42, ...destination }, decrypter)).toBe(
      'ForbiddenError',
    )
    const into = { ciphertext: ours, sourceContext: tenant42, destinationKey: source }
    expect(await reEncrypt({ ...into, destinationContext: tenant43 })).toBe('ForbiddenError')
  })

  it('refuse a re-encryption under the same key before anything is opened', async () => {
    const keyId = await createKey(manager, [{ ...good, permissions: ['DECRYPT'] }])
    const ciphertext = await encrypted(manager, { key: keyId, context: tenant42 })
    await manager.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    for (const sourceContext of [tenant42, tenant43]) {
      expect(await outcomeOf(story.as(alice), 'reEncrypt', { ciphertext, sourceContext })).toBe(
        'ForbiddenError',
      )
    }
  })

  it('are at most 200, and 32 KiB of text', async () => {
    const keyId = await createKey(manager, [])
    const entries = (count: number, from = 0) =>
      Array.from({ length: count }, (_, index) => ({
        subject: `user:u${from + index}`,
        permissions: ['VIEW'],
      }))
    const add = (given: object[]) => outcomeOf(manager, 'addAllowedSubjects', { key: keyId, entries: given })
    expect(await add(entries(201))).toMatch(/^INPUT_VALIDATION|Input/)
    expect(await add(entries(200))).toBe('AddAllowedSubjectsPayload')
    expect(await add(entries(200))).toBe('AddAllowedSubjectsPayload')
    expect(await add(entries(1, 200))).toBe('InputValidationError')
    const long = Array.from({ length: 16 }, (_, index) => ({ name: `n${index}`, value: 'x'.repeat(256) }))
    const other = await createKey(manager, [])
    const wide = entries(10).map(({ subject }) => ({ subject, context: long }))
    expect(await outcomeOf(manager, 'addAllowedSubjects', { key: other, entries: wide })).toBe(
      'InputValidationError',
    )
  })

  it('decide for each item of a batch by itself', async () => {
    const mine = await createKey(manager, [good])
    const narrow = await createKey(manager, [{ ...good, permissions: ['DECRYPT'] }])
    const conditional = await createKey(manager, [{ ...good, context: tenant42 }])
    const { results } = await story.as(alice).mutate(
      'encryptBatch',
      {
        items: [
          { key: mine, plaintext: '' },
          { key: narrow, plaintext: '' },
          { key: conditional, plaintext: '', context: tenant42 },
          { key: conditional, plaintext: '' },
        ],
      },
      'results { result { __typename } }',
    )
    expect(results.map(({ result }: { result: { __typename: string } }) => result.__typename)).toEqual([
      'EncryptPayload',
      'ForbiddenError',
      'EncryptPayload',
      'ForbiddenError',
    ])
  })

  it('end at their moment, for a caller that is known, and are dropped by the next change', async () => {
    const keyId = await createKey(manager, [{ ...good, expiresAt: later(5) }, { subject: 'user:bob' }])
    const user = story.as(alice)
    const status = { filter: { status: ['ACTIVE'] } }
    const listed = 'query($filter: UserKeyFilter) { userKeys(filter: $filter) { nodes { name } totalCount } }'
    const seen = async () => (await user.ask<{ userKeys: { totalCount: number } }>(listed, status)).userKeys
    const before = await seen()
    expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '' })).toBe('EncryptPayload')
    story.clock.advance({ minutes: 5, ms: -1 })
    expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '' })).toBe('EncryptPayload')
    expect((await seen()).totalCount).toBe(before.totalCount)
    story.clock.advance({ ms: 1 })
    expect(await outcomeOf(user, 'encrypt', { key: keyId, plaintext: '' })).toBe('ForbiddenError')
    expect((await seen()).totalCount).toBe(before.totalCount - 1)
    expect(await user.ask(listOf, { id: keyId })).toMatchObject({
      userKey: { viewerCanAccess: false, accessList: null, allowedSubjects: null },
    })
    const { userKey } = await manager.ask<{ userKey: { accessList: object[] } }>(listOf, { id: keyId })
    expect(userKey.accessList).toMatchObject([
      { subject: { id: 'user:alice' }, expired: true },
      { subject: { id: 'user:bob' }, expired: false },
    ])
    expect(userKey).toMatchObject({ allowedSubjects: [{ id: 'user:bob' }] })
    await manager.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:carl'] })
    expect(await manager.ask(listOf, { id: keyId })).toMatchObject({
      userKey: { accessList: [{ subject: { id: 'user:bob' } }, { subject: { id: 'user:carl' } }] },
    })
  })

  it('that have ended leave the next event of an open subscription with the redacted key', async () => {
    const keyId = await createKey(manager, [{ ...good, expiresAt: later(5) }])
    const events = await subscribeAs(
      story,
      alice,
      'subscription($id: KeyRef!) { keyEvents(key: $id) { key { ... on UserKey { viewerCanAccess status } } } }',
      { id: keyId },
    )
    expect(await events.next()).toMatchObject({ data: { keyEvents: { key: { status: 'ACTIVE' } } } })
    story.clock.advance({ minutes: 5 })
    await manager.mutate('updateUserKey', { key: keyId, description: 'changed' })
    expect(await events.next()).toMatchObject({
      data: { keyEvents: { key: { viewerCanAccess: false, status: null } } },
    })
  })

  it('that have ended are not lost once more with the next change of the list', async () => {
    const keyId = await createKey(manager, [{ ...good, expiresAt: later(5) }])
    story.clock.advance({ minutes: 5 })
    const events = await subscribeAs(
      story,
      alice,
      'subscription { userKeysChanged { listAgain changedKeys { name description } } }',
    )
    expect(await events.next()).toMatchObject({ data: { userKeysChanged: { listAgain: true } } })
    await manager.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:zoe'] })
    await manager.mutate('updateUserKey', { key: keyId, description: 'seen by all' })
    expect(await events.next()).toMatchObject({
      data: { userKeysChanged: { changedKeys: [{ description: 'seen by all' }] } },
    })
  })

  it('are what a service agent needs, so that it must say so if it switches access control off', async () => {
    const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_MANAGER'] }
    const keyId = await createKey(manager, [{ subject: 'service-agent:backup' }])
    expect(await outcomeOf(story.as(agent), 'disableAccessControl', { key: keyId })).toBe('LockoutError')
    expect(await outcomeOf(story.as(agent), 'disableAccessControl', { key: keyId, allowLockout: true })).toBe(
      'DisableAccessControlPayload',
    )
  })

  it('cannot lock their giver out without its consent, not even of managing', async () => {
    const keyId = await createKey(manager, [{ subject: 'user:mia' }])
    const mia = story.as({ name: 'mia', roles: ['KMS_MANAGER'] })
    const narrow = { key: keyId, entries: [{ subject: 'user:mia', permissions: ['ENCRYPT', 'DECRYPT'] }] }
    expect(await outcomeOf(mia, 'addAllowedSubjects', narrow)).toBe('LockoutError')
    expect(await outcomeOf(mia, 'addAllowedSubjects', { ...narrow, allowLockout: true })).toBe(
      'AddAllowedSubjectsPayload',
    )
    expect(await outcomeOf(mia, 'updateUserKey', { key: keyId, description: '' })).toBe('ForbiddenError')
    expect(await outcomeOf(mia, 'encrypt', { key: keyId, plaintext: '' })).toBe('EncryptPayload')
  })

  it('are on record in full with the change that gave them', async () => {
    const keyId = await createKey(manager, [])
    const entries = [{ ...good, permissions: ['DECRYPT'], context: tenant42, note: 'audit' }]
    await manager.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:bob'], entries })
    const { auditEvents } = await manager.ask<{ auditEvents: { nodes: { details: never }[] } }>(
      'query($id: KeyRef!) { auditEvents(first: 1, filter: { key: $id }) { nodes { action details } } }',
      { id: keyId },
    )
    const [{ details } = { details: { entries: '' } }] = auditEvents.nodes
    expect(details).toMatchObject({ subjects: 'user:bob' })
    expect(JSON.parse(details['entries'])).toEqual([
      {
        subject: 'user:alice',
        permissions: ['VIEW', 'DECRYPT'],
        context: tenant42,
        expiresAt: null,
        note: 'audit',
      },
    ])
  })
})

/** The context `tenant42`, as it is authenticated. */
const encodedTenant42 = Buffer.concat([
  Buffer.from('keystead encryption context v1\0'),
  Buffer.from([1, 6]),
  Buffer.from('tenant'),
  Buffer.from([0, 2]),
  Buffer.from('42'),
]).toString('base64')

describe.skipIf(hasNoDatabase())('an entry that somebody changed in the database', () => {
  it.each([
    ['its end', `jsonb_set(access_entries, '{0,expiresAt}', '"2099-01-01T00:00:00.000Z"')`],
    ['its permissions', `jsonb_set(access_entries, '{0,permissions}', 'null')`],
    ['its condition', `jsonb_set(access_entries, '{0,context}', 'null')`],
    ['its note', `jsonb_set(access_entries, '{0,note}', '"other"')`],
    ['its subject', `jsonb_set(access_entries, '{0,subject}', '"user:eve"')`],
    ['that it is there', `'[]'`],
    ['what is no list', `'{"subject": "user:eve"}'`],
    ['a further one', `access_entries || '[{"subject": "user:eve"}]'`],
  ])('opens nothing and hides the key: %s', async (_what, value) => {
    const story = await startStoryForTest()
    const entry = {
      subject: 'user:alice',
      permissions: ['ENCRYPT'],
      context: tenant42,
      expiresAt: new Date(story.clock.now().getTime() + minute).toISOString(),
      note: 'a',
    }
    const keyId = await createKey(story.as(olga), [entry])
    const allowed = { key: keyId, plaintext: '', context: tenant42 }
    expect(await outcomeOf(story.as(alice), 'encrypt', allowed)).toBe('EncryptPayload')
    await story.sql(`UPDATE keys SET access_entries = ${value}`)
    for (const person of [alice, { ...alice, name: 'eve' }, olga]) {
      expect(await outcomeOf(story.as(person), 'encrypt', allowed)).toBe('INTERNAL')
      expect(await story.as(person).ask('{ userKeys { nodes { name } } }')).toEqual({
        userKeys: { nodes: [] },
      })
    }
  })
})
