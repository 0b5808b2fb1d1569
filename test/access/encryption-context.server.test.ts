import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }

const tenant42 = { name: 'tenant', value: '42' }
const app = { name: 'app', value: 'Kasse é' }

/** The context of both pairs as docs/ciphertext-format.md has it, put together by hand. */
const encoded = Buffer.concat([
  Buffer.from('keystead encryption context v1\0'),
  Buffer.from([2]),
  ...[app, tenant42].map(({ name, value }) =>
    Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([0, Buffer.byteLength(value)]),
      Buffer.from(value),
    ]),
  ),
])

describe.skipIf(hasNoDatabase())('an encryption context', () => {
  let story: Story
  let client: Client
  let keyId: string
  let made = 0
  beforeAll(async () => {
    story = await startStory()
    client = story.as(olga)
    keyId = await createKey(client)
  })
  afterAll(() => endStory(story))

  async function createKey(by: Client, accessControl: object | null = null): Promise<string> {
    made += 1
    const input = { name: `key-${made}`, accessControl }
    return (await by.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  }

  async function encrypt(context: object[], input: object = {}): Promise<string> {
    const given = { key: keyId, plaintext: base64('hello'), context, ...input }
    return (await client.mutate('encrypt', given, 'ciphertext'))['ciphertext']
  }

  const issues = '... on InputValidationError { issues { path message } }'

  it('must be given again to decrypt, in any order', async () => {
    const ciphertext = await encrypt([tenant42, app])
    const decrypt = (context: object[] | null) =>
      client.mutate('decrypt', { ciphertext, context }, 'plaintext')
    expect(await decrypt([app, tenant42])).toMatchObject({ plaintext: base64('hello') })
    for (const context of [null, [app], [tenant42], [app, { ...tenant42, value: '4' }]]) {
      expect(await decrypt(context)).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    }
    expect(await decrypt([app, tenant42, { name: 'more', value: '' }])).toMatchObject({
      code: 'INVALID_CIPHERTEXT',
    })
  })

  it('takes the place of additional authenticated data: one of the two', async () => {
    const input = { key: keyId, plaintext: '', context: [app], additionalAuthenticatedData: base64('x') }
    expect(await client.mutate('encrypt', input, '', issues)).toMatchObject({
      issues: [{ path: ['context'], message: 'must not be given together with additionalAuthenticatedData' }],
    })
  })

  it('cannot be given as bytes, so that whoever opens what it protects is on record with it', async () => {
    const ciphertext = await encrypt([tenant42, app])
    const additionalAuthenticatedData = base64(encoded)
    for (const [name, input] of [
      ['encrypt', { key: keyId, plaintext: '' }],
      ['decrypt', { ciphertext }],
      ['generateDataKey', { key: keyId, lengthBytes: 16 }],
    ] as const) {
      const result = await client.mutate(name, { ...input, additionalAuthenticatedData }, '', issues)
      expect(result['issues'][0].path).toEqual(['additionalAuthenticatedData'])
    }
    const source = { ciphertext, sourceAdditionalAuthenticatedData: additionalAuthenticatedData }
    expect((await client.mutate('reEncrypt', source, '', issues))['issues'][0].path).toEqual([
      'sourceAdditionalAuthenticatedData',
    ])
    const destination = {
      ciphertext,
      sourceContext: [app, tenant42],
      destinationAdditionalAuthenticatedData: additionalAuthenticatedData,
    }
    expect((await client.mutate('reEncrypt', destination, '', issues))['issues'][0].path).toEqual([
      'destinationAdditionalAuthenticatedData',
    ])
  })

  it('is refused by keys that cannot bind it', async () => {
    made += 1
    const created = await client.mutate(
      'createUserKey',
      { name: `key-${made}`, algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      'userKey { id }',
    )
    const input = { key: created['userKey'].id, plaintext: '', context: [app] }
    expect(await client.mutate('encrypt', input, '', issues)).toMatchObject({
      issues: [{ path: ['context'], message: expect.stringMatching(/symmetric key/) }],
    })
  })

  it.each([
    ['none', [], 'context'],
    ['two of one name', [tenant42, { ...tenant42, value: '43' }], 'context.1.name'],
    ['an empty name', [{ name: '', value: '' }], 'context.0.name'],
    ['a name of 65 characters', [{ name: 'n'.repeat(65), value: '' }], 'context.0.name'],
    ['a name that is not ASCII', [{ name: 'ténant', value: '' }], 'context.0.name'],
    ['a value of 129 two-byte characters', [{ name: 'n', value: 'é'.repeat(129) }], 'context.0.value'],
    ['another Unicode form', [{ name: 'n', value: 'e\u0301' }], 'context.0.value'],
    ['half of a surrogate pair', [{ name: 'n', value: '\ud800' }], 'context.0.value'],
  ])('with %s is refused, and not on record', async (_what, context, path) => {
    const before = await trail({})
    const result = await client.mutate('encrypt', { key: keyId, plaintext: '', context }, '', issues)
    expect(result['issues'][0].path).toEqual(path.split('.'))
    const [event] = (await trail({})).nodes
    expect(event).toMatchObject({ action: 'ENCRYPT', outcome: 'FAILED', context: [] })
    expect((await trail({})).totalCount).toBe(before.totalCount + 1)
  })

  async function trail(filter: object, by = client) {
    const { auditEvents } = await by.ask<{
      auditEvents: { totalCount: number; nodes: Record<string, unknown>[] }
    }>(
      `query($filter: AuditEventFilter) { auditEvents(first: 20, filter: $filter) { totalCount
        nodes { action outcome context { name value } sourceContext { name value } details actor { id } } } }`,
      { filter },
    )
    return auditEvents
  }

  it('is on record, so that the trail tells who opened what', async () => {
    const own = await createKey(client)
    const tenant = { name: 'tenant', value: `only here ${made}` }
    const ciphertext = await encrypt([tenant, app], { key: own })
    await client.mutate('decrypt', { ciphertext, context: [app, tenant] })
    await client.mutate('decrypt', { ciphertext, context: [tenant] })
    await client.mutate('generateDataKey', { key: own, lengthBytes: 16, context: [tenant] })
    const viewer = story.as({ name: 'vic', roles: ['KMS_VIEWER'] })
    await viewer.send('mutation($input: DecryptInput!) { decrypt(input: $input) { __typename } }', {
      input: { ciphertext, context: [tenant] },
    })
    const found = await trail({ context: [tenant] })
    expect(found.totalCount).toBe(4)
    expect(found.nodes.map(({ action, outcome, context }) => [action, outcome, context])).toEqual([
      ['GENERATE_DATA_KEY', 'SUCCEEDED', [tenant]],
      ['DECRYPT', 'FAILED', [tenant]],
      ['DECRYPT', 'SUCCEEDED', [app, tenant]],
      ['ENCRYPT', 'SUCCEEDED', [app, tenant]],
    ])
    expect(JSON.stringify(found.nodes.map(({ details }) => details))).not.toContain('context')
    expect((await trail({ context: [app, tenant], action: ['DECRYPT'] })).totalCount).toBe(1)
    expect((await trail({ context: [{ ...tenant, value: 'only' }] })).totalCount).toBe(0)
  })

  it('of what was refused on the key is on record too', async () => {
    const tenant = { name: 'tenant', value: 'refused' }
    const closed = await createKey(client, {
      enabled: true,
      entries: [{ subject: 'user:una', context: [tenant42] }],
    })
    const ciphertext = await encrypt([tenant], { key: closed })
    const una = story.as({ name: 'una', roles: ['KMS_USER'] })
    await una.send('mutation($input: DecryptInput!) { decrypt(input: $input) { __typename } }', {
      input: { ciphertext, context: [tenant] },
    })
    const [denied] = (await trail({ context: [tenant], outcome: ['DENIED'] })).nodes
    expect(denied).toMatchObject({ action: 'DECRYPT', actor: { id: 'user:una' }, context: [tenant] })
  })

  it('that a re-encryption opened is found by those alone who see the key that it was under', async () => {
    const tenant = { name: 'tenant', value: 'moved' }
    const closed = await createKey(client, { enabled: true, allowedSubjects: [] })
    const open = await createKey(client)
    const ciphertext = await encrypt([tenant], { key: closed })
    const moved = { ciphertext, sourceContext: [tenant], destinationKey: open, destinationContext: [app] }
    expect(await client.mutate('reEncrypt', moved)).toMatchObject({ __typename: 'ReEncryptPayload' })
    const filter = { context: [tenant], action: ['RE_ENCRYPT', 'RE_ENCRYPT_FROM'] }
    expect(await trail(filter)).toMatchObject({
      totalCount: 1,
      nodes: [{ action: 'RE_ENCRYPT_FROM', outcome: 'SUCCEEDED', context: [tenant], details: {} }],
    })
    const auditor = story.as({ name: 'ira', roles: ['KMS_AUDITOR'] })
    expect(await trail(filter, auditor)).toEqual({ totalCount: 0, nodes: [] })
    const [event] = (await trail({ action: ['RE_ENCRYPT'] }, auditor)).nodes
    expect(event).toMatchObject({ context: [app], sourceContext: [], details: {} })
    expect(JSON.stringify(event)).not.toContain('moved')
  })

  it('of a re-encryption to a private key is on record for those who read the trail of its source', async () => {
    const tenant = { name: 'tenant', value: 'carried off' }
    const source = await createKey(client, {
      enabled: true,
      entries: [{ subject: 'user:bob', permissions: ['DECRYPT'], context: [tenant] }],
    })
    const bob = story.as({ name: 'bob', roles: ['PROJECT_MEMBER'] })
    const own = await createKey(bob, { enabled: true })
    const ciphertext = await encrypt([tenant], { key: source })
    const moved = { ciphertext, sourceContext: [tenant], destinationKey: own, destinationContext: [app] }
    expect(await bob.mutate('reEncrypt', moved)).toMatchObject({ __typename: 'ReEncryptPayload' })
    const refused = { ...moved, sourceContext: [app] }
    expect(await bob.mutate('reEncrypt', refused)).toMatchObject({ __typename: 'ForbiddenError' })
    const { nodes } = await trail({ key: source, action: ['RE_ENCRYPT_FROM', 'RE_ENCRYPT'] })
    expect(nodes).toEqual([
      {
        ...{ action: 'RE_ENCRYPT_FROM', outcome: 'DENIED', context: [app], sourceContext: [], details: {} },
        actor: { id: 'user:bob' },
      },
      {
        ...{ action: 'RE_ENCRYPT_FROM', outcome: 'SUCCEEDED', context: [tenant], sourceContext: [] },
        ...{ details: {}, actor: { id: 'user:bob' } },
      },
    ])
    expect((await trail({ context: [tenant] })).nodes.map(({ action }) => action)).toEqual([
      'RE_ENCRYPT_FROM',
      'ENCRYPT',
    ])
    // The owner of the destination learns of the source what it may see: nothing of its context and version.
    expect(await trail({ key: own, context: [tenant] }, bob)).toMatchObject({ totalCount: 0 })
    const uses = await client.ask<{ userKey: { defaultVersion: { usageByCaller: object[] } } }>(
      `query($id: KeyRef!) { userKey(key: $id) { defaultVersion {
        usageByCaller(days: 1) { caller { id } operation operations failedOperations } } } }`,
      { id: source },
    )
    expect(uses.userKey.defaultVersion.usageByCaller).toContainEqual({
      ...{ caller: { id: 'user:bob' }, operation: 'RE_ENCRYPT_FROM' },
      ...{ operations: 1, failedOperations: 0 },
    })
  })

  it('of a re-encryption that was refused shows nothing of the source to readers of the destination', async () => {
    const tenant = { name: 'tenant', value: 'of nobody' }
    const source = await createKey(client, { enabled: true })
    const ciphertext = await encrypt([tenant], { key: source })
    const destination = await createKey(client)
    for (const version of [1, 2, 3]) {
      await client.mutate('rotateUserKey', { key: source })
      if (version === 1)
        await client.mutate('deactivateKeyVersion', { version: { key: destination, number: version } })
    }
    const moved = { ciphertext, sourceContext: [tenant], destinationKey: destination }
    expect(await client.mutate('reEncrypt', { ...moved, destinationContext: [app] })).toMatchObject({
      code: 'INVALID_KEY_STATE',
    })
    const auditor = story.as({ name: 'ira', roles: ['KMS_AUDITOR'] })
    const { auditEvents } = await auditor.ask<{ auditEvents: { nodes: object[] } }>(
      `query($filter: AuditEventFilter) { auditEvents(first: 1, filter: $filter) {
        nodes { action outcome versionNumber context { value } sourceContext { value } details } } }`,
      { filter: { key: destination, action: ['RE_ENCRYPT', 'RE_ENCRYPT_FROM'] } },
    )
    expect(auditEvents.nodes).toEqual([
      {
        ...{ action: 'RE_ENCRYPT', outcome: 'FAILED', versionNumber: null },
        ...{ context: [{ value: app.value }], sourceContext: [], details: {} },
      },
    ])
  })

  it('is no oracle for owners of a key into which others re-encrypted', async () => {
    const tenant = { name: 'tenant', value: 'guessed' }
    const source = await createKey(client)
    const una = story.as({ name: 'una', roles: ['PROJECT_MEMBER'] })
    const destination = await createKey(una)
    const ciphertext = await encrypt([tenant], { key: source })
    const moved = { ciphertext, sourceContext: [tenant], destinationKey: destination }
    await client.mutate('reEncrypt', { ...moved, destinationContext: [app] })
    expect(await trail({ key: destination, context: [tenant] }, una)).toMatchObject({ totalCount: 0 })
    expect(await trail({ key: destination, context: [app] }, una)).toMatchObject({ totalCount: 1 })
  })

  it('stays the same through a re-encryption unless another one is given', async () => {
    const ciphertext = await encrypt([tenant42])
    const reEncrypt = async (input: object) =>
      (await client.mutate('reEncrypt', { ciphertext, sourceContext: [tenant42], ...input }, 'ciphertext'))[
        'ciphertext'
      ]
    const opens = async (input: object) => (await client.mutate('decrypt', input)).__typename
    expect(await opens({ ciphertext: await reEncrypt({}), context: [tenant42] })).toBe('DecryptPayload')
    const other = await reEncrypt({ destinationContext: [app] })
    expect(await opens({ ciphertext: other, context: [app] })).toBe('DecryptPayload')
    expect(await opens({ ciphertext: other, context: [tenant42] })).toBe('InvalidCiphertextError')
    const none = await reEncrypt({ destinationAdditionalAuthenticatedData: '' })
    expect(await opens({ ciphertext: none })).toBe('DecryptPayload')
  })

  it('protects what service keys encrypt as well', async () => {
    const agent = story.as({ name: 'Backup', kind: 'SERVICE_AGENT' })
    const { ciphertext } = await agent.mutate(
      'encryptWithServiceKey',
      { plaintext: base64('x'), context: [app] },
      'ciphertext',
    )
    const decrypt = (input: object) => agent.mutate('decryptWithServiceKey', { ciphertext, ...input })
    expect(await decrypt({ context: [app] })).toMatchObject({ __typename: 'DecryptWithServiceKeyPayload' })
    expect(await decrypt({})).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    expect((await trail({ context: [app], action: ['SERVICE_ENCRYPT', 'SERVICE_DECRYPT'] })).totalCount).toBe(
      2,
    )
  })
})
