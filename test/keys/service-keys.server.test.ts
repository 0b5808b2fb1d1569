import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const hello = base64('hello')
const service = (name: string, project = 'shop'): Person => ({ name, kind: 'SERVICE_AGENT', project })

interface ServiceKey {
  readonly id: string
  readonly name: string
  readonly service: string
}

describe.skipIf(hasNoDatabase())('service keys', () => {
  let story: Story
  let viewer: Client
  beforeAll(async () => {
    story = await startStory()
    viewer = story.as({ name: 'vera', roles: ['KMS_VIEWER'] })
  })
  afterAll(() => endStory(story))

  const encrypt = (agent: Client, input: object = {}) =>
    agent.mutate('encryptWithServiceKey', { plaintext: hello, ...input }, 'ciphertext keyId versionNumber')

  async function list(client: Client, filter: object = {}): Promise<ServiceKey[]> {
    const { serviceKeys } = await client.ask<{ serviceKeys: { nodes: ServiceKey[]; totalCount: number } }>(
      'query($filter: ServiceKeyFilter) { serviceKeys(filter: $filter) { totalCount nodes { id name service } } }',
      { filter },
    )
    expect(serviceKeys.totalCount).toBe(serviceKeys.nodes.length)
    return serviceKeys.nodes
  }

  interface ServiceKeyPage {
    readonly nodes: readonly ServiceKey[]
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean }
  }

  async function readPage(client: Client, after: string | null): Promise<ServiceKeyPage> {
    const { serviceKeys } = await client.ask<{ serviceKeys: ServiceKeyPage }>(
      'query($after: String) { serviceKeys(first: 1, after: $after) { nodes { name } pageInfo { endCursor hasNextPage } } }',
      { after },
    )
    return serviceKeys
  }

  it('are made by the first encryption, and shown whole to everyone who may view keys', async () => {
    const agent = story.as(service('Secrets Manager'))
    const none = await viewer.ask('{ serviceKey(by: { service: "Secrets Manager" }) { id } }')
    expect(none).toEqual({ serviceKey: null })
    const { ciphertext, keyId, versionNumber } = await encrypt(agent)
    expect(keyId).toMatch(/^skey_[0-7][0-9a-z]{25}$/)
    expect(versionNumber).toBe(1)
    expect(await agent.mutate('decryptWithServiceKey', { ciphertext }, 'plaintext keyId')).toMatchObject({
      plaintext: hello,
      keyId,
    })
    const fields = `__typename id partialId name service status type usage algorithm lastRotatedAt nextRotationAt createdAt
      automaticRotation { enabled cycleDays } defaultVersion { number versionStatus publicKey { pem } }
      version(number: 1) { isDefault key { id } } versions { totalCount nodes { number } }`
    const expected = {
      __typename: 'ServiceKey',
      id: keyId,
      partialId: `skey_…${keyId.slice(-6)}`,
      name: 'Secrets-manager',
      service: 'Secrets Manager',
      status: 'ACTIVE',
      type: 'SYMMETRIC',
      usage: 'ENCRYPT_DECRYPT',
      algorithm: 'AES_256_GCM',
      automaticRotation: { enabled: true, cycleDays: 365 },
      lastRotatedAt: null,
      nextRotationAt: '2027-03-01T00:00:00.000Z',
      createdAt: story.clock.now().toISOString(),
      defaultVersion: { number: 1, versionStatus: 'ACTIVE', publicKey: null },
      version: { isDefault: true, key: { id: keyId } },
      versions: { totalCount: 1, nodes: [{ number: 1 }] },
    }
    for (const role of ['PROJECT_ADMIN', 'PROJECT_MEMBER', 'PROJECT_READER', 'KMS_USER'] as const) {
      const client = story.as({ name: 'ron', roles: [role] })
      const shown = await client.ask(
        `query($id: ID!, $key: KeyRef!) { byId: serviceKey(by: { key: $key }) { ...Whole } node(id: $id) { ...Whole }
          byName: serviceKey(by: { key: "Secrets-manager" }) { ...Whole }
          byService: serviceKey(by: { service: "secrets MANAGER" }) { ...Whole } } fragment Whole on ServiceKey { ${fields} }`,
        { id: keyId, key: keyId },
      )
      expect(shown).toEqual({ byId: expected, node: expected, byName: expected, byService: expected })
    }
    const nobody = await story
      .as({ name: 'nina' })
      .send('query($id: KeyRef!) { serviceKey(by: { key: $id }) { id } }', { id: keyId })
    expect(nobody.errors[0]?.extensions.code).toBe('FORBIDDEN')
  })

  it('are one per project and service, however the service spells its name', async () => {
    const first = await encrypt(story.as(service('Object Store')))
    const second = await encrypt(story.as(service('object store')))
    expect(second['keyId']).toBe(first['keyId'])
    const elsewhere = await encrypt(story.as(service('Object Store', 'bank')))
    expect(elsewhere['keyId']).not.toBe(first['keyId'])
    expect(await list(viewer, { namePrefix: 'Obj' })).toEqual([
      { id: first['keyId'], name: 'Object-store', service: 'Object Store' },
    ])
  })

  it.each(['9lives', ' backup', 'Back_up', '-backup', 'backup-', 'Büro', 'a'.repeat(65)])(
    'are not made for a service called %j, nor is anything left behind',
    async (name) => {
      const before = await list(viewer)
      const answer = await story
        .as(service(name))
        .send('mutation { encryptWithServiceKey(input: { plaintext: "" }) { __typename } }')
      // Its token is not accepted in the first place.
      expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
      expect(await list(viewer)).toEqual(before)
    },
  )

  it('of first calls that race are one, in every round', async () => {
    for (let round = 0; round < 8; round++) {
      const person = service(`Racer ${round}`)
      const [spelled, lower] = [story.as(person), story.as({ ...person, name: person.name.toLowerCase() })]
      const results = await Promise.all([
        encrypt(spelled),
        encrypt(lower),
        encrypt(spelled),
        spelled.mutate('generateServiceDataKey', {}, 'ciphertext keyId versionNumber'),
      ])
      expect(new Set(results.map(({ keyId }) => keyId)).size).toBe(1)
      expect(await list(viewer, { namePrefix: `Racer-${round}` })).toHaveLength(1)
      for (const { ciphertext } of results) {
        expect(await lower.mutate('decryptWithServiceKey', { ciphertext }, 'versionNumber')).toMatchObject({
          versionNumber: 1,
        })
      }
    }
  })

  it('are of no use to users, to administrators, or to a service account, by any door', async () => {
    const agent = story.as(service('Vault'))
    const { ciphertext, keyId } = await encrypt(agent)
    for (const person of [
      { name: 'ada', roles: ['PROJECT_ADMIN', 'KMS_MANAGER'] },
      { name: 'Vault', roles: ['KMS_MANAGER'] },
      { name: 'Vault', kind: 'SERVICE_ACCOUNT', roles: ['PROJECT_ADMIN'] },
    ] as const) {
      const client = story.as(person)
      for (const document of [
        'mutation { encryptWithServiceKey(input: { plaintext: "" }) { __typename } }',
        `mutation { decryptWithServiceKey(input: { ciphertext: "${ciphertext}" }) { __typename } }`,
        'mutation { generateServiceDataKey(input: {}) { __typename } }',
      ]) {
        const { data, errors } = await client.send(document)
        expect(errors).toEqual([])
        expect(Object.values(data)).toEqual([{ __typename: 'ForbiddenError' }])
      }
      expect(await client.mutate('decrypt', { ciphertext })).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
      expect(await client.mutate('reEncrypt', { ciphertext })).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
      for (const [name, input] of [
        ['encrypt', { key: keyId, plaintext: hello }],
        ['generateDataKey', { key: keyId }],
        ['rotateUserKey', { key: keyId }],
        ['deactivateKeyVersion', { version: { key: keyId, number: 1 } }],
        ['updateUserKey', { key: keyId, name: 'mine' }],
        ['configureAutomaticRotation', { key: keyId, enabled: false }],
        ['enableAccessControl', { key: keyId, subjects: [] }],
        ['deleteUserKey', { key: keyId, confirmName: 'Vault' }],
      ] as const) {
        expect(await client.mutate(name, input)).toMatchObject({ code: 'KEY_NOT_FOUND' })
      }
      expect(await client.ask('query($id: KeyRef!) { userKey(key: $id) { id } }', { id: keyId })).toEqual({
        userKey: null,
      })
    }
    expect(await agent.mutate('decryptWithServiceKey', { ciphertext }, 'versionNumber')).toMatchObject({
      versionNumber: 1,
    })
  })

  it('open nothing for another service, nor for the same service in another project', async () => {
    const { ciphertext } = await encrypt(story.as(service('Mailer')))
    const user = story.as({ name: 'max', roles: ['PROJECT_MEMBER'] })
    const { userKey } = await user.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const other = await user.mutate('encrypt', { key: userKey.id, plaintext: hello }, 'ciphertext')
    for (const [agent, bytes] of [
      [story.as(service('Biller')), ciphertext],
      [story.as(service('Mailer', 'bank')), ciphertext],
      [story.as(service('Mailer')), other['ciphertext']],
    ] as const) {
      for (const made of [false, true]) {
        // Also once it has a key of its own.
        if (made) await encrypt(agent)
        const result = await agent.mutate('decryptWithServiceKey', { ciphertext: bytes })
        expect(result).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
      }
    }
  })

  it('bind additional authenticated data, and make data keys of the length that is asked for', async () => {
    const agent = story.as(service('Backup'))
    const data = base64('tenant 7')
    const { ciphertext } = await encrypt(agent, { additionalAuthenticatedData: data })
    const open = (input: object) => agent.mutate('decryptWithServiceKey', input, 'plaintext')
    expect(await open({ ciphertext, additionalAuthenticatedData: data })).toMatchObject({ plaintext: hello })
    for (const additionalAuthenticatedData of [null, base64('tenant 8')]) {
      expect(await open({ ciphertext, additionalAuthenticatedData })).toMatchObject({
        code: 'INVALID_CIPHERTEXT',
      })
    }
    for (const bytes of [1, 32, 1024]) {
      const made = await agent.mutate(
        'generateServiceDataKey',
        { lengthBytes: bytes },
        'ciphertext plaintext',
      )
      expect(Buffer.from(made['plaintext'], 'base64')).toHaveLength(bytes)
      expect(await open({ ciphertext: made['ciphertext'] })).toMatchObject({ plaintext: made['plaintext'] })
    }
    for (const bytes of [0, -1, 1025]) {
      expect(await agent.mutate('generateServiceDataKey', { lengthBytes: bytes })).toMatchObject({
        code: 'INPUT_VALIDATION',
      })
    }
  })

  it('are listed by name, page by page, and filtered by prefix and status', async () => {
    const project = 'lists'
    const lister = story.as({ name: 'vera', project, roles: ['KMS_VIEWER'] })
    for (const name of ['Zeta', 'Alpha', 'Alpha Two', 'Mid']) await encrypt(story.as(service(name, project)))
    const names = ['Alpha', 'Alpha-two', 'Mid', 'Zeta']
    expect((await list(lister)).map(({ name }) => name)).toEqual(names)
    expect((await list(lister, { namePrefix: 'Alpha' })).map(({ name }) => name)).toEqual(names.slice(0, 2))
    expect(await list(lister, { namePrefix: 'alpha' })).toEqual([])
    expect(await list(lister, { status: ['ACTIVE'] })).toHaveLength(4)
    expect(await list(lister, { status: ['DEACTIVATED', 'PRE_ACTIVATION'] })).toEqual([])
    const seen: string[] = []
    let after: string | null = null
    for (let page = 0; page < 4; page++) {
      const { nodes, pageInfo } = await readPage(lister, after)
      seen.push(...nodes.map(({ name }) => name))
      expect(pageInfo.hasNextPage).toBe(page < 3)
      after = pageInfo.endCursor
    }
    expect(seen).toEqual(names)
  })

  it('rotate every 365 days, and open what the versions before encrypted', async () => {
    const person = service('Archive', 'long-lived')
    const agent = story.as(person)
    const { ciphertext, keyId } = await encrypt(agent)
    story.clock.advance({ days: 364 })
    await story.app.housekeeping.runOnce()
    expect(await encrypt(agent)).toMatchObject({ versionNumber: 1 })
    story.clock.advance({ days: 1 })
    await story.app.housekeeping.runOnce()
    expect(await encrypt(agent)).toMatchObject({ versionNumber: 2, keyId })
    expect(await agent.mutate('decryptWithServiceKey', { ciphertext }, 'versionNumber')).toMatchObject({
      versionNumber: 1,
    })
  })
})
