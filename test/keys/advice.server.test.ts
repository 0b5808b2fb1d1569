import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { buildSchema, type GraphQLObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { algorithms } from '../../src/crypto/algorithms.ts'
import { candidates } from '../crypto/keys.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  endStory,
  type MutationResult,
  type Story,
  startStory,
} from '../support/story.ts'
import { createExternalKey, importMaterial } from './wrap-material.ts'

/** More than an item may have. */
const long = randomBytes(65_537)
const day = 24 * 60 * 60 * 1000

/** A refusal whose text gives advice, and what becomes of somebody who follows it. */
interface Row {
  /** The advice, as it stands in the source. */
  readonly advice: string
  /** Meets the refusal. */
  readonly meet: () => Promise<MutationResult>
  /** Does as the text says; its result must be no error. */
  readonly follow: () => Promise<MutationResult>
}

describe.skipIf(hasNoDatabase())('the advice in an error', () => {
  let story: Story
  let ada: Client
  let mia: Client
  let agent: Client
  let count = 0
  beforeAll(async () => {
    const allowed = algorithms.map(({ name }) => name).filter((name) => name !== 'CHACHA20_POLY1305')
    story = await startStory({
      REQUEST_TIMEOUT_MS: '60000',
      RATE_LIMIT_UNITS: '0',
      ALLOWED_ALGORITHMS: allowed.join(','),
    })
    ada = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    mia = story.as({ name: 'mia', roles: ['KMS_MANAGER'] })
    agent = story.as({ name: 'Backup', kind: 'SERVICE_AGENT' })
  })
  afterAll(() => endStory(story))

  const newName = () => `key-${++count}`
  async function create(input: object = {}, client = ada): Promise<string> {
    const created = await client.mutate('createUserKey', { name: newName(), ...input }, 'userKey { id }')
    return created['userKey'].id
  }
  const issues = '... on InputValidationError { issues { path message } }'
  const mutate = (name: string, input: object, client = ada, fragments = issues) =>
    client.mutate(name, input, '__typename', fragments)
  const encrypt = (keyId: string) => mutate('encrypt', { key: keyId, plaintext: base64('hello') })
  const deactivate = (keyId: string) => mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
  const destroy = (keyId: string, waitingPeriodDays = 0) =>
    mutate('destroyKeyVersion', { version: { key: keyId, number: 1 }, waitingPeriodDays })
  const moveOn = (days: number) => {
    story.clock.advance({ ms: days * day })
    return story.app.housekeeping.runOnce()
  }
  async function destroyed(keyId: string): Promise<string> {
    await deactivate(keyId)
    await destroy(keyId)
    await moveOn(1)
    return keyId
  }

  /** A value of the key as a query of a federated graph reads it, or why it does not. */
  async function readInGraph(keyId: string): Promise<MutationResult> {
    const { ciphertext } = await ada.mutate(
      'encrypt',
      { key: keyId, plaintext: base64('hello') },
      'ciphertext',
    )
    const { data, errors } = await ada.send(
      'query($of: [_Any!]!) { _entities(representations: $of) { ... on EncryptedValue { __typename text } } }',
      { of: [{ __typename: 'EncryptedValue', ciphertext, context: null }] },
    )
    const [error] = errors
    return error === undefined
      ? data._entities[0]
      : { __typename: 'Error', message: error.message, code: error.extensions.code }
  }

  const keys = new Map<string, Promise<string>>()
  /** The key of a row, made when it is first asked for. */
  function once(name: string, make: () => Promise<string>): Promise<string> {
    const made = keys.get(name) ?? make()
    keys.set(name, made)
    return made
  }

  const rows: readonly Row[] = [
    {
      advice: 'Call activateUserKey first.',
      meet: async () => encrypt(await once('fresh', () => create({ preActivation: true }))),
      async follow() {
        const keyId = await once('fresh', create)
        await mutate('activateUserKey', { key: keyId })
        return encrypt(keyId)
      },
    },
    {
      advice: 'and has nothing to rotate. Call activateUserKey first.',
      meet: async () =>
        mutate('rotateUserKey', { key: await once('unrotated', () => create({ preActivation: true })) }),
      async follow() {
        const keyId = await once('unrotated', create)
        await mutate('activateUserKey', { key: keyId })
        return mutate('rotateUserKey', { key: keyId })
      },
    },
    {
      advice: 'Import a version with getImportParameters and importKeyVersion.',
      meet: async () => encrypt(await once('external', () => createExternalKey(ada, { name: newName() }))),
      async follow() {
        const keyId = await once('external', create)
        await importMaterial(ada, keyId, randomBytes(32))
        return encrypt(keyId)
      },
    },
    {
      advice: 'Call rotateUserKey for a new default version.',
      meet: async () => encrypt(await once('destroyed', async () => destroyed(await create()))),
      async follow() {
        const keyId = await once('destroyed', create)
        await mutate('rotateUserKey', { key: keyId })
        return encrypt(keyId)
      },
    },
    {
      advice: 'The service key gets a new default version by automatic rotation.',
      async meet() {
        await agent.mutate('encryptWithServiceKey', { plaintext: base64('hello') })
        await story.sql(
          `UPDATE key_version_usage SET encryptions = ${2 ** 32} WHERE key_id IN (SELECT id FROM keys WHERE kind = 'SERVICE')`,
        )
        return mutate('encryptWithServiceKey', { plaintext: base64('hello') }, agent)
      },
      async follow() {
        await moveOn(366)
        return mutate('encryptWithServiceKey', { plaintext: base64('hello') }, agent)
      },
    },
    {
      advice: 'Call activateKeyVersion to use it again.',
      async meet() {
        const keyId = await once('stopped', create)
        await deactivate(keyId)
        return encrypt(keyId)
      },
      async follow() {
        const keyId = await once('stopped', create)
        await mutate('activateKeyVersion', { version: { key: keyId, number: 1 } })
        return encrypt(keyId)
      },
    },
    {
      advice: 'Call restoreKeyVersion and then activateKeyVersion to use it again.',
      async meet() {
        const keyId = await once('scheduled', create)
        await deactivate(keyId)
        await destroy(keyId, 7)
        return encrypt(keyId)
      },
      async follow() {
        const keyId = await once('scheduled', create)
        await mutate('restoreKeyVersion', { version: { key: keyId, number: 1 } })
        await mutate('activateKeyVersion', { version: { key: keyId, number: 1 } })
        return encrypt(keyId)
      },
    },
    {
      advice: 'Use activateKeyVersion for a deactivated version, or rotateUserKey for a new one.',
      async meet() {
        const keyId = await once('active', create)
        await deactivate(keyId)
        return mutate('activateUserKey', { key: keyId })
      },
      async follow() {
        const keyId = await once('active', create)
        await mutate('activateKeyVersion', { version: { key: keyId, number: 1 } })
        return mutate('rotateUserKey', { key: keyId })
      },
    },
    {
      advice: 'Deactivate and destroy its versions first (deactivateKeyVersion, destroyKeyVersion).',
      meet: async () => mutate('deleteUserKey', await deletion('deleted')),
      async follow() {
        await destroyed(await once('deleted', create))
        return mutate('deleteUserKey', await deletion('deleted'))
      },
    },
    {
      advice: 'Wait until the waiting periods of its versions have ended (destroyScheduledFor).',
      async meet() {
        const { key: keyId } = await deletion('waited for')
        await deactivate(keyId)
        await destroy(keyId, 7)
        return mutate('deleteUserKey', await deletion('waited for'))
      },
      async follow() {
        story.clock.advance({ days: 7 })
        return mutate('deleteUserKey', await deletion('waited for'))
      },
    },
    {
      advice: 'Call getImportParameters and importKeyVersion for a new version.',
      meet: async () =>
        mutate('rotateUserKey', {
          key: await once('imported', () => createExternalKey(ada, { name: newName() })),
        }),
      follow: async () => importMaterial(ada, await once('imported', create), randomBytes(32)),
    },
    {
      advice: 'Create a key with origin EXTERNAL for material of your own.',
      meet: async () => mutate('getImportParameters', { key: await once('own', create) }),
      follow: () => mutate('createUserKey', { name: newName(), origin: 'EXTERNAL' }),
    },
    {
      advice: 'Call getImportParameters and wrap the material for the new public key.',
      async meet() {
        const keyId = await once('wrapped', () => createExternalKey(ada, { name: newName() }))
        const importParametersId = 'impt_01h455vb4pex5vsknk084sn02q'
        return mutate('importKeyVersion', {
          key: keyId,
          importParametersId,
          wrappedMaterial: base64(randomBytes(600)),
        })
      },
      follow: async () => importMaterial(ada, await once('wrapped', create), randomBytes(32)),
    },
    {
      advice: 'must name a key with access control on; call enableAccessControl first',
      meet: async () =>
        mutate('addAllowedSubjects', { key: await once('open', create), subjects: ['user:bob'] }),
      async follow() {
        const keyId = await once('open', create)
        await mutate('enableAccessControl', { key: keyId, subjects: [] })
        return mutate('addAllowedSubjects', { key: keyId, subjects: ['user:bob'] })
      },
    },
    {
      advice: 'change its list with addAllowedSubjects and removeAllowedSubjects',
      async meet() {
        const keyId = await once('listed', create)
        await mutate('enableAccessControl', { key: keyId, subjects: ['user:bob'] })
        return mutate('enableAccessControl', { key: keyId, subjects: ['user:eve'] })
      },
      async follow() {
        const keyId = await once('listed', create)
        await mutate('addAllowedSubjects', { key: keyId, subjects: ['user:eve'] })
        return mutate('removeAllowedSubjects', { key: keyId, subjects: ['user:bob'] })
      },
    },
    {
      advice: 'Give yourself or one of your groups an entry on its list, or repeat with allowLockout: true.',
      meet: async () =>
        mutate('enableAccessControl', { key: await once('locked', create), subjects: ['user:bob'] }, mia),
      async follow() {
        const keyId = await once('locked', create)
        await mutate('enableAccessControl', { key: keyId, subjects: ['user:bob', 'user:mia'] }, mia)
        return mutate(
          'removeAllowedSubjects',
          { key: keyId, subjects: ['user:mia'], allowLockout: true },
          mia,
        )
      },
    },
    {
      advice: 'The query explainMyAccess says what is missing.',
      async meet() {
        const keyId = await once('closed', () => create({ accessControl: { enabled: true } }))
        return mutate('updateUserKey', { key: keyId, description: '' }, mia)
      },
      async follow() {
        const keyId = await once('closed', create)
        const { explainMyAccess } = await mia.ask<{
          explainMyAccess: { missing: { subject: { id: string } }[] }
        }>(
          'query($id: KeyRef!) { explainMyAccess(key: $id, operation: MANAGE) { missing { subject { id } } } }',
          { id: keyId },
        )
        const subjects = explainMyAccess.missing.map(({ subject }) => subject.id)
        await mutate('addAllowedSubjects', { key: keyId, subjects })
        return mutate('updateUserKey', { key: keyId, description: 'seen' }, mia)
      },
    },
    {
      advice: 'Whoever may manage it can set decryptableInGraph with updateUserKey',
      meet: async () => readInGraph(await once('in a graph', create)),
      async follow() {
        const keyId = await once('in a graph', create)
        await mutate('updateUserKey', { key: keyId, decryptableInGraph: true })
        return readInGraph(keyId)
      },
    },
    {
      advice: 'Check the ID, name or alias; userKeys lists the keys that you may see.',
      meet: () => encrypt('ukey_01h455vb4pex5vsknk084sn02q'),
      async follow() {
        await once('seen', create)
        const { userKeys } = await ada.ask<{ userKeys: { nodes: { id: string }[] } }>(
          '{ userKeys(first: 1, filter: { status: [ACTIVE] }) { nodes { id } } }',
        )
        return mutate('updateUserKey', { key: userKeys.nodes[0]?.id, description: 'seen' })
      },
    },
    {
      advice: 'Its versions are listed in the field "versions".',
      meet: async () =>
        mutate('deactivateKeyVersion', { version: { key: await once('counted', create), number: 7 } }),
      async follow() {
        const keyId = await once('counted', create)
        const { userKey } = await ada.ask<{ userKey: { versions: { nodes: { number: number }[] } } }>(
          'query($id: KeyRef!) { userKey(key: $id) { versions { nodes { number } } } }',
          { id: keyId },
        )
        return mutate('deactivateKeyVersion', {
          version: { key: keyId, number: userKey.versions.nodes[0]?.number },
        })
      },
    },
    {
      advice: 'must be given for this combination of type and usage (see keyAlgorithms)',
      meet: () => mutate('createUserKey', { name: newName(), type: 'SYMMETRIC', usage: 'SIGN_VERIFY' }),
      follow: () => createFromTable({ usage: 'SIGN_VERIFY' }),
    },
    {
      advice: 'is not allowed on this server (see keyAlgorithms)',
      meet: () => mutate('createUserKey', { name: newName(), algorithm: 'CHACHA20_POLY1305' }),
      follow: () => createFromTable({ usage: 'ENCRYPT_DECRYPT' }),
    },
    {
      advice: 'use a symmetric key, or leave it out',
      meet: async () =>
        mutate('encrypt', {
          key: await once('rsa', () => create({ algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })),
          plaintext: base64('hello'),
          additionalAuthenticatedData: base64('context'),
        }),
      follow: async () => encrypt(await once('rsa', create)),
    },
  ]

  async function deletion(name: string) {
    const keyId = await once(name, () => create({ name: name.replaceAll(' ', '-') }))
    return { key: keyId, confirmName: name.replaceAll(' ', '-') }
  }

  async function createFromTable(wanted: { usage: string }): Promise<MutationResult> {
    const { keyAlgorithms } = await ada.ask<{ keyAlgorithms: { algorithm: string; usages: string[] }[] }>(
      '{ keyAlgorithms { algorithm usages } }',
    )
    const found = keyAlgorithms.find(({ usages }) => usages.includes(wanted.usage))
    return mutate('createUserKey', { name: newName(), ...wanted, algorithm: found?.algorithm })
  }

  it.each(rows.map((row) => [row.advice, row] as const))('%s', async (advice, { meet, follow }) => {
    const met = await meet()
    const text = [
      met['message'],
      ...(met['issues'] ?? []).map((issue: { message: string }) => issue.message),
    ].join(' ')
    expect(text).toContain(advice)
    expect(await follow()).not.toHaveProperty('code')
  })

  it('is in this table wherever it names an operation', () => {
    const schema = buildSchema(readFileSync('schema.graphql', 'utf8'), { assumeValid: true })
    const roots = [schema.getQueryType(), schema.getMutationType()] as readonly GraphQLObjectType[]
    const operations = new Set(roots.flatMap((type) => Object.keys(type.getFields())))
    const texts = globSync('src/{keys,crypto}/**/*.ts').flatMap((file) =>
      [
        ...withoutComments(readFileSync(file, 'utf8')).matchAll(
          /'((?:[^'\\\n]|\\.)* (?:[^'\\\n]|\\.)*)'|`([^`]* [^`]*)`/g,
        ),
      ]
        .map((found) => found[1] ?? found[2] ?? '')
        .filter((text) => (text.match(/[a-z]+[A-Z][A-Za-z]+/g) ?? []).some((word) => operations.has(word))),
    )
    expect(texts.length).toBeGreaterThan(10)
    const unknown = texts.filter(
      (text) => !rows.some(({ advice }) => text.includes(advice) || advice.includes(text)),
    )
    expect(unknown).toEqual([])
  })

  describe.each(candidates('signature').filter(({ name }) => !/RSA_[34]/.test(name)))(
    'to the key of $name',
    ({ name, capability: { signingAlgorithms } }) => {
      it('for a message that is too long can be followed with every scheme', async () => {
        const keyId = await create({ algorithm: name, usage: 'SIGN_VERIFY' })
        const common = { version: { key: keyId, number: 1 } }
        for (const signingAlgorithm of signingAlgorithms) {
          const refused = await mutate('sign', { key: keyId, message: base64(long), signingAlgorithm })
          const advice: string = refused['issues'][0].message
          const how = {
            signingAlgorithm:
              /signingAlgorithm: (?<scheme>\w+)/.exec(advice)?.groups?.['scheme'] ?? signingAlgorithm,
            messageType: advice.includes('messageType: DIGEST') ? 'DIGEST' : 'MESSAGE',
          }
          const hash = `sha${/SHA_(?<bits>\d+)$/.exec(how.signingAlgorithm)?.groups?.['bits'] ?? 256}`
          const message = base64(createHash(hash).update(long).digest())
          const signed = await ada.mutate('sign', { key: keyId, message, ...how }, 'signature')
          expect(signed, advice).not.toHaveProperty('code')
          const checked = { ...common, message, signature: signed['signature'], ...how }
          expect(await ada.mutate('verify', checked, 'valid'), advice).toMatchObject({ valid: true })
        }
      })

      it('for a message that is too long to be verified can be followed with every scheme', async () => {
        const keyId = await create({ algorithm: name, usage: 'SIGN_VERIFY' })
        for (const signingAlgorithm of signingAlgorithms) {
          const input = {
            version: { key: keyId, number: 1 },
            message: base64(long),
            signature: base64('x'),
            signingAlgorithm,
          }
          const advice: string = (await mutate('verify', input))['issues'][0].message
          if (advice.includes('messageType: DIGEST')) {
            const digest = base64(
              createHash(`sha${signingAlgorithm.slice(-3)}`)
                .update(long)
                .digest(),
            )
            const checked = { ...input, message: digest, messageType: 'DIGEST' }
            expect(await ada.mutate('verify', checked, 'valid'), advice).toMatchObject({ valid: false })
          } else {
            expect(advice).toContain('with the public key of the version')
            expect(createPublicKey(await publicKeyOf(keyId)).type).toBe('public')
          }
        }
      })
    },
  )

  async function publicKeyOf(id: string): Promise<string> {
    const { userKey } = await ada.ask<{ userKey: { defaultVersion: { publicKey: { pem: string } } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { defaultVersion { publicKey { pem } } } }',
      { id },
    )
    return userKey.defaultVersion.publicKey.pem
  }

  it('about a ciphertext that does not decrypt names only what its algorithm has', async () => {
    const rsa = await create({ algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
    const input = { version: { key: rsa, number: 1 }, ciphertext: base64(Buffer.alloc(256, 1)) }
    const single = await mutate('decrypt', input)
    expect(single).toMatchObject({
      code: 'INVALID_CIPHERTEXT',
      message: expect.stringContaining('encryptionAlgorithm'),
    })
    expect(single['message']).not.toMatch(/additional|authenticated/)
    // Without access to the key the text is that of every ciphertext which does not open.
    const outsider = story.as({ name: 'eve', roles: ['PROJECT_MEMBER'], project: 'elsewhere' })
    const [hidden, absent] = [
      await mutate('decrypt', input, outsider),
      await mutate('decrypt', { ...input, version: { key: 'ukey_01h455vb4pex5vsknk084sn02q', number: 1 } }),
    ]
    expect(hidden['message']).toBe(absent['message'])
  })

  it('about a version that is DESTROYED promises no state in which it can be used again', async () => {
    const keyId = await destroyed(await create())
    const signing = await create({ algorithm: 'ED25519', usage: 'SIGN_VERIFY' })
    await destroyed(signing)
    const of = { version: { key: keyId, number: 1 } }
    const ask = (name: string, input: object) =>
      mutate(name, input, ada, '... on InvalidKeyStateError { allowed }')
    const signature = base64(sign(null, Buffer.from('m'), generateKeyPairSync('ed25519').privateKey))
    for (const answer of [
      await ask('encrypt', { key: keyId, plaintext: base64('hello') }),
      await ask('activateKeyVersion', of),
      await ask('deactivateKeyVersion', of),
      await ask('restoreKeyVersion', of),
      await ask('destroyKeyVersion', { ...of, waitingPeriodDays: 0 }),
      await ask('verify', { version: { key: signing, number: 1 }, message: base64('m'), signature }),
    ]) {
      expect(answer).toMatchObject({ code: 'INVALID_KEY_STATE', allowed: [] })
    }
  })
})

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
