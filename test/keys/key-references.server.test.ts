import fc from 'fast-check'
import { isInputObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { schema } from '../../src/schema/index.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN', 'KMS_MANAGER'] }
const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const neighbour: Person = { name: 'nina', project: 'elsewhere', roles: ['PROJECT_ADMIN'] }
const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_USER'] }
const hello = base64('hello')

describe.skipIf(hasNoDatabase())('a key named by ID, name or alias', () => {
  let story: Story
  let ada: Client
  let olga: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory({ REQUEST_TIMEOUT_MS: '60000' })
    ada = story.as(admin)
    olga = story.as(owner)
  })
  afterAll(() => endStory(story))

  const freshName = (prefix = 'key') => `${prefix}-${count++}`

  async function create(client: Client, input: object = {}): Promise<{ id: string; name: string }> {
    const created = await client.mutate(
      'createUserKey',
      { name: freshName(), ...input },
      'userKey { id name }',
    )
    return created['userKey']
  }

  async function createAlias(client: Client, key: string, alias = freshName('alias')): Promise<string> {
    const created = await client.mutate('createAlias', { key, alias }, 'userKey { aliases }')
    expect(created['userKey'].aliases).toContain(alias)
    return alias
  }

  async function outcomeOf(client: Client, name: string, input: object): Promise<string> {
    return (await client.mutate(name, input)).__typename
  }

  /** ID of the key that a text names for encryption; the code of the error otherwise. */
  async function named(client: Client, key: string): Promise<string> {
    const { keyId, code } = await client.mutate('encrypt', { key, plaintext: hello }, 'keyId')
    return keyId ?? code
  }

  async function find<T = { id: string } | null>(client: Client, key: string, fields = 'id'): Promise<T> {
    const { userKey } = await client.ask<{ userKey: T }>(
      `query ($key: KeyRef!) { userKey(key: $key) { ${fields} } }`,
      { key },
    )
    return userKey
  }

  it('is the same key in queries, mutations, batches and subscriptions', async () => {
    const { id, name } = await create(ada)
    const alias = await createAlias(ada, name)
    for (const key of [id, name, alias]) {
      expect(await named(ada, key), key).toBe(id)
      expect(await find(ada, key), key).toEqual({ id })
      const { rotateUserKey } = await ada.ask<{ rotateUserKey: { userKey: { id: string } } }>(
        'mutation ($key: KeyRef!) { rotateUserKey(input: { key: $key }) { ... on UserKeyChange { userKey { id } } } }',
        { key },
      )
      expect(rotateUserKey.userKey.id).toBe(id)
      const batch = await ada.mutate(
        'encryptBatch',
        { items: [{ key, plaintext: hello }] },
        'results { result { ... on EncryptPayload { keyId } } }',
      )
      expect(batch['results'][0].result.keyId).toBe(id)
      const explained = await ada.ask<{ explainMyAccess: { allowed: boolean } }>(
        'query ($key: KeyRef!) { explainMyAccess(key: $key, operation: ENCRYPT) { allowed } }',
        { key },
      )
      expect(explained.explainMyAccess).toEqual({ allowed: true })
      const trail = await ada.ask<{ auditEvents: { totalCount: number; nodes: { keyId: string }[] } }>(
        'query ($key: KeyRef!) { auditEvents(first: 200, filter: { key: $key }) { nodes { keyId } } }',
        { key },
      )
      expect(trail.auditEvents.nodes.length).toBeGreaterThan(1)
      expect(trail.auditEvents.nodes.every(({ keyId }) => keyId === id)).toBe(true)
    }
  })

  it('is taken as `key` by every input that names one', () => {
    const inputs = Object.values(schema.getTypeMap()).filter(isInputObjectType)
    const others = inputs.flatMap((type) =>
      Object.values(type.getFields())
        .filter(({ name, type: of }) => /key/i.test(name) && !/^Boolean\b/.test(String(of)))
        .filter(({ name }) => !/^(key|destinationKey|peerPublicKey)$/.test(name))
        .map(({ name }) => `${type.name}.${name}`),
    )
    expect(others).toEqual([])
    const untyped = inputs.flatMap((type) =>
      Object.values(type.getFields())
        .filter(
          ({ name, type: of }) => /^(key|destinationKey)$/.test(name) && !String(of).startsWith('KeyRef'),
        )
        .map(({ name }) => `${type.name}.${name}`),
    )
    expect(untyped).toEqual([])
  })

  it('is never made by a name that is unknown', async () => {
    const before = await ada.ask('{ userKeys(first: 0) { totalCount } }')
    expect(await named(ada, 'no-such-key')).toBe('KEY_NOT_FOUND')
    expect(await outcomeOf(ada, 'rotateUserKey', { key: 'no-such-key' })).toBe('KeyNotFoundError')
    expect(await find(ada, 'no-such-key')).toBeNull()
    expect(await ada.ask('{ userKeys(first: 0) { totalCount } }')).toEqual(before)
  })

  it.each([
    '',
    ' ',
    'Secrets-manager',
    'a b',
    'a'.repeat(65),
    'ä',
    '\0',
    '\uD800',
    "x' OR 1=1",
    'ukey_',
    'ukey_x',
    'kver_01h455vb4pex5vsknk084sn02q',
    '_',
  ])('is not found by the text %j, whatever it looks like', async (key) => {
    expect(await named(ada, key)).toBe('KEY_NOT_FOUND')
    expect(await find(ada, key)).toBeNull()
  })

  it('of another project has no name or alias here, and its names are free', async () => {
    const { name } = await create(ada)
    const alias = await createAlias(ada, name)
    const nina = story.as(neighbour)
    for (const key of [name, alias]) {
      const unknown = await nina.send(
        'mutation { encrypt(input: { key: "never-there", plaintext: "" }) { __typename ... on UserError { code message } } }',
      )
      const foreign = await nina.send(
        `mutation { encrypt(input: { key: "${key}", plaintext: "" }) { __typename ... on UserError { code message } } }`,
      )
      expect(foreign.text).toBe(unknown.text)
      expect(await find(nina, key)).toBeNull()
    }
    const own = await create(nina, { name: alias })
    expect(await named(nina, alias)).toBe(own.id)
  })

  it('that is redacted answers as such by each of its names', async () => {
    const { id, name } = await create(olga, { accessControl: { enabled: true } })
    const alias = await createAlias(olga, name)
    for (const key of [id, name, alias]) {
      expect(await named(ada, key)).toBe('FORBIDDEN')
      expect(await outcomeOf(ada, 'updateUserKey', { key, description: 'x' })).toBe('ForbiddenError')
      const view = await find(ada, key, 'id viewerCanAccess aliases status')
      expect(view).toMatchObject({ viewerCanAccess: false, aliases: null, status: null })
      expect(JSON.stringify(view)).not.toContain(id)
    }
    const trail = await ada.ask<{ auditEvents: { nodes: unknown[] } }>(
      'query ($key: KeyRef!) { auditEvents(filter: { key: $key }) { nodes { id } } }',
      { key: alias },
    )
    expect(trail.auditEvents.nodes).toEqual([])
    expect(await outcomeOf(ada, 'repointAlias', { alias, key: (await create(ada)).id })).toBe(
      'ForbiddenError',
    )
    expect(await outcomeOf(ada, 'deleteAlias', { alias })).toBe('ForbiddenError')
    expect(await named(olga, alias)).toBe(id)
  })

  it('on whose list a service agent is not does not exist for it by any name', async () => {
    const { id, name } = await create(ada)
    const alias = await createAlias(ada, name)
    for (const key of [id, name, alias]) expect(await named(story.as(agent), key)).toBe('KEY_NOT_FOUND')
  })

  it('leaves a service agent that reads the trail as many events as a key that is not there', async () => {
    const { id, name } = await create(ada)
    const { ciphertext } = await ada.mutate('encrypt', { key: id, plaintext: hello }, 'ciphertext')
    const unknown = Buffer.from(ciphertext, 'base64')
    unknown[5] = (unknown[5] ?? 0) ^ 1
    const reading = story.as({ ...agent, roles: ['KMS_USER', 'KMS_MANAGER', 'KMS_AUDITOR'] })
    const countOf = async (attempt: () => Promise<unknown>): Promise<number> => {
      const count = async () =>
        (
          await reading.ask<{ auditEvents: { totalCount: number } }>(
            '{ auditEvents(first: 0) { totalCount } }',
          )
        ).auditEvents.totalCount
      const before = await count()
      await attempt()
      return (await count()) - before
    }
    for (const [hidden, absent] of [
      [id, formatId('userKey', newUuid())],
      [name, 'no-such-key'],
    ] as const) {
      for (const [mutation, input] of [
        ['encrypt', { plaintext: hello }],
        ['updateUserKey', { description: 'x' }],
      ] as const) {
        const ofHidden = await countOf(() => reading.mutate(mutation, { key: hidden, ...input }))
        expect(ofHidden).toBe(await countOf(() => reading.mutate(mutation, { key: absent, ...input })))
      }
    }
    const ofHidden = await countOf(() => reading.mutate('decrypt', { ciphertext }))
    expect(ofHidden).toBe(await countOf(() => reading.mutate('decrypt', { ciphertext: base64(unknown) })))
  })

  it('has no name that begins as an ID does', async () => {
    for (const name of ['ukey_1', 'kver_orders', 'rkey_', 'skey_x', 'audt_x']) {
      const refused = { __typename: 'InputValidationError', code: 'INPUT_VALIDATION' }
      expect(await ada.mutate('createUserKey', { name })).toMatchObject(refused)
      expect(await ada.mutate('createAlias', { key: (await create(ada)).id, alias: name })).toMatchObject(
        refused,
      )
    }
    expect((await create(ada, { name: 'ukeys_1' })).name).toBe('ukeys_1')
  })

  it('costs no statement once it is in memory', async () => {
    const { id, name } = await create(ada)
    const alias = await createAlias(ada, name)
    const { defaultVersion } = await find<{ defaultVersion: { id: string } }>(
      ada,
      id,
      'defaultVersion { id }',
    )
    const mac = await create(ada, { usage: 'GENERATE_VERIFY_MAC', algorithm: 'HMAC_SHA256' })
    const made = await ada.mutate('generateMac', { key: mac.name, message: hello }, 'mac')
    const ofMac = await find<{ defaultVersion: { id: string } }>(ada, mac.id, 'defaultVersion { id }')
    const verify = (version: object) =>
      ada.mutate('verifyMac', { version, message: hello, mac: made['mac'] }, 'valid keyId versionNumber')
    expect(defaultVersion.id).toMatch(/^kver_/)
    for (const key of [id, name, alias]) await named(ada, key)
    await verify({ id: ofMac.defaultVersion.id })
    story.takeStatements()
    for (const key of [id, name, alias]) await named(ada, key)
    const valid = { valid: true, keyId: mac.id, versionNumber: 1 }
    expect(await verify({ id: ofMac.defaultVersion.id })).toMatchObject(valid)
    expect(await verify({ key: mac.name, number: 1 })).toMatchObject(valid)
    // Records of operations are all that is written.
    const read = story
      .takeStatements()
      .filter((text) => /FROM (keys|key_versions|key_aliases|key_material)/.test(text))
    expect(read).toEqual([])
  })

  it('loses an old name at once, also in memory, and another key can have it', async () => {
    const first = await create(ada)
    expect(await named(ada, first.name)).toBe(first.id)
    await ada.mutate('updateUserKey', { key: first.name, name: freshName('renamed') })
    expect(await named(ada, first.name)).toBe('KEY_NOT_FOUND')
    const second = await create(ada, { name: first.name })
    expect(await named(ada, first.name)).toBe(second.id)
  })

  it('has each name and alias for itself', async () => {
    const { id, name } = await create(ada)
    const other = await create(ada)
    const alias = await createAlias(ada, id)
    const taken = { __typename: 'NameTakenError', code: 'NAME_TAKEN' }
    expect(await ada.mutate('createUserKey', { name: alias })).toMatchObject(taken)
    expect(await ada.mutate('updateUserKey', { key: other.id, name: alias })).toMatchObject(taken)
    expect(await ada.mutate('createAlias', { key: other.id, alias })).toMatchObject(taken)
    expect(await ada.mutate('createAlias', { key: id, alias })).toMatchObject(taken)
    expect(await ada.mutate('createAlias', { key: other.id, alias: name })).toMatchObject(taken)
    expect(await ada.mutate('updateUserKey', { key: id, name: alias })).toMatchObject(taken)
  })

  it('gets a name or an alias that many ask for at once only once', async () => {
    const keys = await Promise.all(Array.from({ length: 4 }, () => create(ada)))
    const name = freshName('wanted')
    const outcomes = await Promise.all([
      ...keys.map(({ id }) => outcomeOf(ada, 'createAlias', { key: id, alias: name })),
      ...keys.map(({ id }) => outcomeOf(ada, 'updateUserKey', { key: id, name })),
      ...keys.map(() => outcomeOf(ada, 'createUserKey', { name })),
    ])
    expect(outcomes.filter((outcome) => outcome !== 'NameTakenError')).toHaveLength(1)
    expect(await named(ada, name)).toMatch(/^ukey_/)
  })

  it('keeps an alias that is repointed under load usable at every moment', async () => {
    const [first, second] = [await create(ada), await create(ada)]
    const alias = await createAlias(ada, first.id)
    let isOver = false
    const seen = new Set<string>()
    const using = Array.from({ length: 3 }, async () => {
      while (!isOver) seen.add(await named(ada, alias))
    })
    for (let round = 0; round < 10; round++) {
      const to = round % 2 === 0 ? second : first
      const repointed = await ada.mutate(
        'repointAlias',
        { alias, key: to.name },
        'userKey { id aliases } previousUserKey { aliases }',
      )
      expect(repointed['userKey']).toEqual({ id: to.id, aliases: [alias] })
      expect(repointed['previousUserKey'].aliases).toEqual([])
      expect(await named(ada, alias)).toBe(to.id)
    }
    isOver = true
    await Promise.all(using)
    expect([...seen].sort()).toEqual([first.id, second.id].sort())
  })

  it('cannot take an alias from a key that the caller may not manage, nor give it one', async () => {
    const hidden = await create(olga, { accessControl: { enabled: true } })
    const own = await create(ada)
    const alias = await createAlias(ada, own.id)
    const moved = await ada.mutate('repointAlias', { alias, key: hidden.name })
    expect(moved).toMatchObject({ __typename: 'ForbiddenError' })
    expect(await named(ada, alias)).toBe(own.id)
    expect(await find(olga, hidden.id, 'aliases revision')).toEqual({ aliases: [], revision: 1 })
    expect(await ada.mutate('repointAlias', { alias: own.name, key: own.id })).toMatchObject({
      code: 'INPUT_VALIDATION',
    })
    expect(await ada.mutate('deleteAlias', { alias: own.id })).toMatchObject({ code: 'INPUT_VALIDATION' })
  })

  it('has what is due done by a repointing that is refused, and nothing else', async () => {
    const own = await startStory()
    const client = own.as(admin)
    try {
      const make = (name: string) => client.mutate('createUserKey', { name })
      await make('from')
      await make('to')
      await client.mutate('createAlias', { key: 'from', alias: 'current' })
      for (let count = 0; count < 50; count++)
        await client.mutate('createAlias', { key: 'to', alias: `to-${count}` })
      for (const key of ['from', 'to']) {
        await client.mutate('deactivateKeyVersion', { version: { key, number: 1 } })
        await client.mutate('destroyKeyVersion', { version: { key, number: 1 }, waitingPeriodDays: 1 })
      }
      own.clock.advance({ days: 2 })
      const refused = await client.mutate('repointAlias', { alias: 'current', key: 'to' })
      expect(refused).toMatchObject({ code: 'INPUT_VALIDATION' })
      const rows = await own.sql(
        `SELECT k.name, cardinality(k.aliases) AS aliases, v.status FROM keys k JOIN key_versions v ON v.key_id = k.id ORDER BY k.name`,
      )
      expect(rows).toEqual([
        { name: 'from', aliases: 1, status: 'DESTROYED' },
        { name: 'to', aliases: 50, status: 'DESTROYED' },
      ])
    } finally {
      await endStory(own)
    }
  })

  it('has at most 50 aliases, which go with it', async () => {
    const { id, name } = await create(ada, { preActivation: true })
    const aliases = Array.from({ length: 50 }, (_, index) => `${name}-${index}`)
    for (const alias of aliases) await createAlias(ada, id, alias)
    const more = await ada.mutate('createAlias', { key: id, alias: `${name}-50` })
    expect(more).toMatchObject({ code: 'INPUT_VALIDATION' })
    const full = await create(ada)
    const alias = await createAlias(ada, full.id)
    expect(await ada.mutate('repointAlias', { alias, key: id })).toMatchObject({ code: 'INPUT_VALIDATION' })
    expect(await ada.mutate('deleteUserKey', { key: aliases[3], confirmName: name })).toMatchObject({
      __typename: 'DeleteUserKeyPayload',
    })
    expect(await named(ada, aliases[3] ?? '')).toBe('KEY_NOT_FOUND')
    expect((await create(ada, { name: aliases[3] })).name).toBe(aliases[3])
  })

  it('has its aliases on record, without naming the other key of a repointed one', async () => {
    const [first, second] = [await create(ada), await create(ada)]
    const alias = await createAlias(ada, first.id)
    await ada.mutate('repointAlias', { alias, key: second.id })
    await ada.mutate('deleteAlias', { alias })
    const eventsOf = async (key: string) => {
      const { auditEvents } = await ada.ask<{
        auditEvents: { nodes: { action: string; details: object }[] }
      }>('query ($key: KeyRef!) { auditEvents(filter: { key: $key }) { nodes { action details } } }', { key })
      return auditEvents.nodes.filter(({ action }) => action.endsWith('ALIAS')).toReversed()
    }
    expect(await eventsOf(first.id)).toEqual([
      { action: 'CREATE_ALIAS', details: { alias } },
      { action: 'REPOINT_ALIAS', details: { alias, standsForThisKey: false } },
    ])
    expect(await eventsOf(second.id)).toEqual([
      { action: 'REPOINT_ALIAS', details: { alias, standsForThisKey: true } },
      { action: 'DELETE_ALIAS', details: { alias } },
    ])
  })

  it('has refused changes of its aliases on record, and not those of the other key', async () => {
    const [first, second] = [await create(ada), await create(ada)]
    const taken = await createAlias(ada, second.id)
    await ada.mutate('repointAlias', { alias: first.name, key: second.id })
    await ada.mutate('createAlias', { key: first.id, alias: taken })
    await ada.mutate('deleteAlias', { alias: first.name })
    const failed = async (key: string) => {
      const { auditEvents } = await ada.ask<{
        auditEvents: { nodes: { action: string; errorCode: string }[] }
      }>(
        'query ($key: KeyRef!) { auditEvents(filter: { key: $key, outcome: [FAILED] }) { nodes { action errorCode } } }',
        { key },
      )
      return auditEvents.nodes.map(({ action, errorCode }) => `${action} ${errorCode}`).sort()
    }
    expect(await failed(first.id)).toEqual([
      'CREATE_ALIAS NAME_TAKEN',
      'DELETE_ALIAS INPUT_VALIDATION',
      'REPOINT_ALIAS INPUT_VALIDATION',
    ])
    expect(await failed(second.id)).toEqual([])
  })

  it('is not found by an alias that was entered for it behind the back of the server', async () => {
    const [first, second] = [await create(ada), await create(ada)]
    const alias = await createAlias(ada, first.id)
    await story.sql(
      `UPDATE key_aliases SET key_id = (SELECT id FROM keys WHERE name = '${second.name}') WHERE alias = '${alias}'`,
    )
    const again = story.as(admin)
    expect(await named(again, alias)).toBe('KEY_NOT_FOUND')
    expect(await find(again, alias)).toBeNull()
    expect(await named(again, second.id)).toBe(second.id)
    await story.sql(`UPDATE keys SET aliases = ARRAY['${alias}'] WHERE name = '${second.name}'`)
    expect(
      (await again.send(`mutation { encrypt(input: { key: "${alias}", plaintext: "" }) { __typename } }`))
        .errors,
    ).toMatchObject([{ extensions: { code: 'INTERNAL' } }])
  })

  describe('a version', () => {
    it('is the same by its ID and by key and number', async () => {
      const { id, name } = await create(ada)
      const { version } = await find<{ version: { id: string } }>(ada, id, 'version(number: 1) { id }')
      const change = async (mutation: string, address: object) => {
        const changed = await ada.mutate(mutation, { version: address }, 'version { id versionStatus }')
        expect(changed['version'].id).toBe(version.id)
        return changed['version'].versionStatus
      }
      expect(await change('deactivateKeyVersion', { id: version.id })).toBe('DEACTIVATED')
      expect(await change('activateKeyVersion', { key: name, number: 1 })).toBe('ACTIVE')
      expect(await change('deactivateKeyVersion', { key: id, number: 1 })).toBe('DEACTIVATED')
      expect(await change('destroyKeyVersion', { id: version.id })).toBe('DESTROY_SCHEDULED')
      expect(await change('restoreKeyVersion', { id: version.id })).toBe('DEACTIVATED')
      for (const address of [{ id: version.id }, { key: name, number: 1 }]) {
        const { destroyImpact } = await ada.ask<{ destroyImpact: { version: { id: string } } }>(
          'query ($version: KeyVersionRef!) { destroyImpact(version: $version) { version { id } } }',
          { version: address },
        )
        expect(destroyImpact.version.id).toBe(version.id)
      }
    })

    it.each([
      {},
      { number: 1 },
      { key: 'orders' },
      { id: 'kver_x', key: 'orders' },
      { id: 'kver_x', number: 1 },
      { id: 'kver_x', key: 'orders', number: 1 },
      { id: null },
    ])('is refused by the address %j', async (version) => {
      for (const [name, rest] of [
        ['deactivateKeyVersion', {}],
        ['verifyMac', { message: hello, mac: hello }],
        ['decrypt', { ciphertext: hello }],
      ] as const) {
        const refused = await ada.mutate(
          name,
          { version, ...rest },
          '',
          '... on InputValidationError { issues { path } }',
        )
        expect(refused, name).toMatchObject({ code: 'INPUT_VALIDATION', issues: [{ path: ['version'] }] })
      }
      const { errors } = await ada.send(
        'query ($version: KeyVersionRef!) { destroyImpact(version: $version) { summary } }',
        { version },
      )
      expect(errors).toMatchObject([{ extensions: { code: 'INPUT_VALIDATION' } }])
    })

    it('of a redacted key, of another project and one that never was have one answer by ID', async () => {
      const hidden = await create(olga, { accessControl: { enabled: true } })
      const foreign = await create(story.as(neighbour))
      const idOf = async (client: Client, key: string) =>
        (await find<{ defaultVersion: { id: string } }>(client, key, 'defaultVersion { id }')).defaultVersion
          .id
      const ids = [
        await idOf(olga, hidden.id),
        await idOf(story.as(neighbour), foreign.id),
        formatId('keyVersion', newUuid()),
        'kver_x',
        hidden.id,
      ]
      const answers = await Promise.all(
        ids.map(async (id) => {
          const { text } = await ada.send(
            `mutation { deactivateKeyVersion(input: { version: { id: "${id}" } }) { __typename ... on UserError { code message } } }`,
          )
          const opened = await ada.send(
            `mutation { decrypt(input: { version: { id: "${id}" }, ciphertext: "aGk=" }) { __typename ... on UserError { code message } } }`,
          )
          const impact = await ada.send(`{ destroyImpact(version: { id: "${id}" }) { summary } }`)
          return [text, opened.text, impact.text]
        }),
      )
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
      expect(answers[0]?.[0]).toContain('KEY_VERSION_NOT_FOUND')
      expect(answers[0]?.[1]).toContain('INVALID_CIPHERTEXT')
      const byNumber = { version: { key: hidden.name, number: 1 } }
      expect(await outcomeOf(ada, 'deactivateKeyVersion', byNumber)).toBe('ForbiddenError')
      const impact = await ada.send(
        'query ($version: KeyVersionRef!) { destroyImpact(version: $version) { summary } }',
        byNumber,
      )
      expect(impact.data).toEqual({ destroyImpact: null })
    })
  })

  it('agrees with a model of names and aliases, whatever is done to them', async () => {
    const words = ['a', 'b', 'c', 'd'] as const
    const word = fc.constantFrom(...words)
    const step = fc.oneof(
      fc.record({ type: fc.constant('create' as const), name: word }),
      fc.record({ type: fc.constant('rename' as const), from: word, to: word }),
      fc.record({ type: fc.constant('alias' as const), key: word, alias: word }),
      fc.record({ type: fc.constant('repoint' as const), alias: word, key: word }),
      fc.record({ type: fc.constant('drop' as const), alias: word }),
      fc.record({ type: fc.constant('delete' as const), key: word }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 14 }), async (steps) => {
        const prefix = `${freshName('m')}-`
        const model: { id: string; name: string; aliases: Set<string> }[] = []
        const of = (text: string) => model.find(({ name, aliases }) => name === text || aliases.has(text))
        for (const each of steps) {
          switch (each.type) {
            case 'create': {
              const made = await ada.mutate(
                'createUserKey',
                { name: prefix + each.name, preActivation: true },
                'userKey { id }',
              )
              expect(made.__typename).toBe(of(each.name) ? 'NameTakenError' : 'CreateUserKeyPayload')
              if (made['userKey']) model.push({ id: made['userKey'].id, name: each.name, aliases: new Set() })
              break
            }
            case 'rename': {
              const key = of(each.from)
              const input = { key: prefix + each.from, name: prefix + each.to }
              const outcome = await outcomeOf(ada, 'updateUserKey', input)
              const isFree = of(each.to) === undefined || key?.name === each.to
              expect(outcome).toBe(
                key === undefined ? 'KeyNotFoundError' : isFree ? 'UpdateUserKeyPayload' : 'NameTakenError',
              )
              if (key !== undefined && isFree) key.name = each.to
              break
            }
            case 'alias': {
              const key = of(each.key)
              const input = { key: prefix + each.key, alias: prefix + each.alias }
              const outcome = await outcomeOf(ada, 'createAlias', input)
              const isFree = of(each.alias) === undefined
              expect(outcome).toBe(
                key === undefined ? 'KeyNotFoundError' : isFree ? 'CreateAliasPayload' : 'NameTakenError',
              )
              if (key !== undefined && isFree) key.aliases.add(each.alias)
              break
            }
            case 'repoint': {
              const [from, to] = [of(each.alias), of(each.key)]
              const input = { alias: prefix + each.alias, key: prefix + each.key }
              const outcome = await outcomeOf(ada, 'repointAlias', input)
              if (from === undefined) expect(outcome).toBe('KeyNotFoundError')
              else if (!from.aliases.has(each.alias)) expect(outcome).toBe('InputValidationError')
              else if (to === undefined) expect(outcome).toBe('KeyNotFoundError')
              else {
                expect(outcome).toBe('RepointAliasPayload')
                from.aliases.delete(each.alias)
                to.aliases.add(each.alias)
              }
              break
            }
            case 'drop': {
              const key = of(each.alias)
              const outcome = await outcomeOf(ada, 'deleteAlias', { alias: prefix + each.alias })
              const isAlias = key?.aliases.delete(each.alias)
              expect(outcome).toBe(
                key === undefined
                  ? 'KeyNotFoundError'
                  : isAlias
                    ? 'DeleteAliasPayload'
                    : 'InputValidationError',
              )
              break
            }
            case 'delete': {
              const key = of(each.key)
              const input = { key: prefix + each.key, confirmName: prefix + key?.name }
              const outcome = await outcomeOf(ada, 'deleteUserKey', input)
              expect(outcome).toBe(key === undefined ? 'KeyNotFoundError' : 'DeleteUserKeyPayload')
              if (key !== undefined) model.splice(model.indexOf(key), 1)
            }
          }
          for (const text of words) {
            const key = of(text)
            const found = await find<{ id: string; aliases: string[] } | null>(
              ada,
              prefix + text,
              'id aliases',
            )
            expect(found).toEqual(
              key === undefined
                ? null
                : { id: key.id, aliases: [...key.aliases].sort().map((alias) => prefix + alias) },
            )
            // Both ways to a key agree: that of queries, and the memory of operations.
            const known = await named(ada, prefix + text)
            expect(known).toBe(key === undefined ? 'KEY_NOT_FOUND' : 'INVALID_KEY_STATE')
          }
        }
      }),
      { numRuns: 15 },
    )
  })
})
