import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { uuidOf } from './traced-requests.ts'
import { actions, data, type Name, plaintext, Trail } from './trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const max: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const rita: Person = { name: 'rita', roles: ['PROJECT_READER'] }
const agent: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }

const noKey = 'ukey_01h455vb4pex5vsknk084sn02q'

describe.skipIf(hasNoDatabase())('the audit trail', () => {
  it('has one event of every change, with who, what, which revision and version', async () => {
    const trail = new Trail(await startStoryForTest())
    const selection = 'userKey { id }'
    const at = (revision: number, version?: number) => ({ keyId, revision, ...(version && { version }) })
    const { userKey } = await trail.send(mia, 'createUserKey', { name: 'orders' }, { selection })
    const keyId: string = userKey.id
    Object.assign(trail.expected[0] ?? {}, { key_id: uuidOf(keyId), key_revision: 1, version_number: 1 })
    const pending = await trail.send(
      mia,
      'createUserKey',
      { name: 'pending', preActivation: true },
      { selection },
    )
    const pendingId: string = pending['userKey'].id
    Object.assign(trail.expected[1] ?? {}, { key_id: uuidOf(pendingId), key_revision: 1 })
    await trail.send(
      mia,
      'activateUserKey',
      { key: pendingId },
      { keyId: pendingId, revision: 2, version: 1 },
    )
    await trail.send(mia, 'updateUserKey', { key: keyId, description: 'Orders' }, at(2))
    await trail.send(mia, 'rotateUserKey', { key: keyId }, at(3, 2))
    await trail.send(mia, 'configureAutomaticRotation', { key: keyId, enabled: true }, at(4))
    await trail.send(mia, 'enableAccessControl', { key: keyId, subjects: ['user:max'] }, at(5))
    const entries = [{ subject: 'user:ida', permissions: ['ENCRYPT'], note: 'for a while' }]
    await trail.send(mia, 'addAllowedSubjects', { key: keyId, subjects: ['group:ops'], entries }, at(6))
    await trail.send(mia, 'removeAllowedSubjects', { key: keyId, subjects: ['user:max'] }, at(7))
    await trail.send(mia, 'disableAccessControl', { key: keyId }, at(8))
    await trail.send(mia, 'transferOwnership', { key: keyId, to: 'service-agent:BACKUP' }, at(9))
    await trail.send(mia, 'createAlias', { key: keyId, alias: 'bills' }, at(10))
    await trail.send(mia, 'repointAlias', { alias: 'bills', key: pendingId }, at(11))
    const repointed = trail.expected.at(-1)
    trail.expected.push({ ...repointed, key_id: uuidOf(pendingId), key_revision: 3 })
    await trail.send(mia, 'deleteAlias', { alias: 'bills' }, { keyId: pendingId, revision: 4 })
    const labels = [
      { name: 'team', value: 'payments' },
      { name: 'stage', value: 'test' },
    ]
    await trail.send(mia, 'labelUserKey', { key: keyId, set: labels }, at(12))
    const relabelling = { key: keyId, set: [{ name: 'team', value: 'ops' }], remove: ['stage', 'none'] }
    await trail.send(mia, 'labelUserKey', relabelling, at(13))
    await trail.send(mia, 'deactivateKeyVersion', { version: { key: keyId, number: 1 } }, at(14, 1))
    await trail.send(mia, 'activateKeyVersion', { version: { key: keyId, number: 1 } }, at(15, 1))
    await trail.send(mia, 'deactivateKeyVersion', { version: { key: keyId, number: 1 } }, at(16, 1))
    await trail.send(mia, 'destroyKeyVersion', { version: { key: keyId, number: 1 } }, at(17, 1))
    await trail.send(mia, 'restoreKeyVersion', { version: { key: keyId, number: 1 } }, at(18, 1))
    const doomed = await trail.send(
      mia,
      'createUserKey',
      { name: 'doomed', preActivation: true },
      { selection },
    )
    const doomedId: string = doomed['userKey'].id
    Object.assign(trail.expected.at(-1) ?? {}, { key_id: uuidOf(doomedId), key_revision: 1 })
    const remove = { key: doomedId, confirmName: 'doomed' }
    await trail.send(mia, 'deleteUserKey', remove, { keyId: doomedId, revision: 2 })
    const issuer = await trail.send(
      mia,
      'createUserKey',
      { name: 'issuer', algorithm: 'EC_P256', usage: 'SIGN_VERIFY' },
      { selection },
    )
    const issuerId: string = issuer['userKey'].id
    Object.assign(trail.expected.at(-1) ?? {}, {
      key_id: uuidOf(issuerId),
      key_revision: 1,
      version_number: 1,
    })
    const publishing = { key: issuerId, tokenLifetimeMinutes: 60 }
    await trail.send(mia, 'publishJwks', publishing, { keyId: issuerId, revision: 2 })
    await trail.send(mia, 'unpublishJwks', { key: issuerId }, { keyId: issuerId, revision: 3 })
    const changes = Object.values(actions).slice(0, 21)
    expect(new Set(trail.expected.map(({ action }) => action))).toEqual(new Set(changes))
    const events = await trail.expectRecorded()
    const detailsOf = (name: Name) => events.find(({ action }) => action === actions[name])?.details
    expect(detailsOf('enableAccessControl')).toEqual({ subjects: 'user:max' })
    expect(detailsOf('addAllowedSubjects')).toEqual({ subjects: 'group:ops', entries: expect.any(String) })
    expect(JSON.parse(String(detailsOf('addAllowedSubjects')?.['entries']))).toEqual([
      { ...entries[0], permissions: ['VIEW', 'ENCRYPT'], context: null, expiresAt: null },
    ])
    expect(detailsOf('publishJwks')).toEqual({ tokenLifetimeMinutes: 60, publishAheadHours: 24 })
    expect(detailsOf('transferOwnership')).toEqual({ from: 'user:mia', to: 'service-agent:Backup' })
    for (const name of ['createAlias', 'deleteAlias'] as const) {
      expect(detailsOf(name)).toEqual({ alias: 'bills' })
    }
    const labelling = events.filter(({ action }) => action === 'LABEL_USER_KEY')
    expect(labelling.map(({ details }) => details)).toEqual([
      { 'label.team': 'payments', 'label.stage': 'test' },
      { 'label.team': 'ops', 'removedLabel.stage': 'test' },
    ])
    const repointing = events.filter(({ action }) => action === 'REPOINT_ALIAS')
    expect(repointing.map(({ key_id, details }) => [key_id, details])).toEqual([
      [uuidOf(keyId), { alias: 'bills', standsForThisKey: false }],
      [uuidOf(pendingId), { alias: 'bills', standsForThisKey: true }],
    ])
  })

  it('has one event of every operation, and nothing of what went through it', async () => {
    const story = await startStoryForTest()
    const manager = story.as(mia)
    const create = async (name: string, input = {}): Promise<string> =>
      (await manager.mutate('createUserKey', { name, ...input }, 'userKey { id }'))['userKey'].id
    const [aes, ec] = [
      await create('aes'),
      await create('ec', { algorithm: 'EC_P256', usage: 'SIGN_VERIFY' }),
    ]
    const trail = new Trail(story)
    trail.expected.push({ action: 'CREATE_USER_KEY' }, { action: 'CREATE_USER_KEY' })
    const withData = { additionalAuthenticatedData: data }
    const of = (keyId: string, selection = '') => ({ keyId, version: 1, selection })
    const { ciphertext } = await trail.send(
      max,
      'encrypt',
      { key: aes, plaintext, ...withData },
      of(aes, 'ciphertext'),
    )
    await trail.send(max, 'decrypt', { ciphertext, ...withData }, of(aes, 'plaintext'))
    await trail.send(max, 'reEncrypt', { ciphertext, sourceAdditionalAuthenticatedData: data }, of(aes))
    const context = [
      { name: 'tenant', value: 'acme' },
      { name: 'app', value: 'web' },
    ]
    const bound = await trail.send(max, 'encrypt', { key: aes, plaintext, context }, of(aes, 'ciphertext'))
    await trail.send(
      max,
      'reEncrypt',
      {
        ciphertext: bound['ciphertext'],
        sourceContext: context,
        destinationContext: [{ name: 'tenant', value: 'b' }],
      },
      of(aes),
    )
    const refused = { key: ec, plaintext, context }
    await trail.send(max, 'encrypt', refused, { code: 'INVALID_KEY_USAGE', keyId: ec })
    const dataKey = await trail.send(max, 'generateDataKey', { key: aes, ...withData }, of(aes, 'plaintext'))
    const { signature } = await trail.send(max, 'sign', { key: ec, message: plaintext }, of(ec, 'signature'))
    await trail.send(
      max,
      'verify',
      { version: { key: ec, number: 1 }, message: plaintext, signature },
      of(ec),
    )
    await trail.send(max, 'verify', { version: { key: ec, number: 1 }, message: data, signature }, of(ec))
    trail.expected.push({ action: 'CREATE_SERVICE_KEY', key_revision: 1, version_number: 1 })
    const service = await trail.send(
      agent,
      'encryptWithServiceKey',
      { plaintext, ...withData },
      { version: 1, selection: 'ciphertext keyId' },
    )
    const created = { key_id: uuidOf(service['keyId']), request_id: trail.expected.at(-1)?.request_id ?? '' }
    for (const event of trail.expected.slice(-2)) Object.assign(event, created)
    const sealed = { ciphertext: service['ciphertext'], ...withData }
    await trail.send(agent, 'decryptWithServiceKey', sealed, of(service['keyId'], 'plaintext'))
    const serviceDataKey = await trail.send(
      agent,
      'generateServiceDataKey',
      {},
      of(service['keyId'], 'plaintext'),
    )
    const events = await trail.expectRecorded([dataKey['plaintext'], serviceDataKey['plaintext']])
    expect(events.map(({ details }) => details).slice(2)).toEqual([
      {},
      {},
      { sourceKeyId: aes, sourceVersion: 1 },
      { 'context.app': 'web', 'context.tenant': 'acme' },
      {
        ...{ 'context.tenant': 'b', 'sourceContext.app': 'web', 'sourceContext.tenant': 'acme' },
        ...{ sourceKeyId: aes, sourceVersion: 1 },
      },
      { 'context.app': 'web', 'context.tenant': 'acme' },
      { plaintextDisclosed: true, bytes: 32 },
      {},
      { valid: true },
      { valid: false },
      { name: 'Secrets-manager' },
      {},
      {},
      { plaintextDisclosed: true, bytes: 32 },
    ])
  })

  it('has one event of everything that was refused, with the reason', async () => {
    const story = await startStoryForTest()
    const trail = new Trail(story)
    const manager = story.as(mia)
    const created = await manager.mutate(
      'createUserKey',
      { name: 'closed', accessControl: { enabled: true } },
      'userKey { id }',
    )
    const keyId: string = created['userKey'].id
    trail.expected.push({ action: 'CREATE_USER_KEY', outcome: 'SUCCEEDED' })
    /** An input of each, about a key if it names one. */
    const inputsOn = (key: string): Record<Name, object> => {
      const version = { key, number: 1 }
      return {
        createUserKey: { name: 'other' },
        activateUserKey: { key },
        updateUserKey: { key, description: 'x' },
        rotateUserKey: { key },
        configureAutomaticRotation: { key, enabled: true },
        enableAccessControl: { key, subjects: [] },
        addAllowedSubjects: { key, subjects: ['user:rita'] },
        removeAllowedSubjects: { key, subjects: ['user:rita'] },
        disableAccessControl: { key },
        transferOwnership: { key, to: 'user:rita' },
        createAlias: { key, alias: 'bills' },
        repointAlias: { key, alias: key },
        deleteAlias: { alias: key },
        labelUserKey: { key, set: [{ name: 'team', value: 'ops' }] },
        publishJwks: { key, tokenLifetimeMinutes: 60 },
        unpublishJwks: { key },
        deactivateKeyVersion: { version },
        activateKeyVersion: { version },
        destroyKeyVersion: { version },
        restoreKeyVersion: { version },
        deleteUserKey: { key, confirmName: 'closed' },
        getImportParameters: { key },
        importKeyVersion: {
          key,
          importParametersId: 'impt_01h455vb4pex5vsknk084sn02q',
          wrappedMaterial: plaintext,
        },
        encrypt: { key, plaintext, additionalAuthenticatedData: data },
        decrypt: { key, ciphertext: plaintext },
        reEncrypt: { ciphertext: plaintext },
        generateDataKey: { key },
        sign: { key, message: plaintext },
        verify: { version, message: plaintext, signature: plaintext },
        generateMac: { key, message: plaintext },
        verifyMac: { version, message: plaintext, mac: plaintext },
        encapsulate: { key },
        decapsulate: { version, ciphertext: plaintext },
        deriveSharedSecret: { version, peerPublicKey: plaintext, context: data },
        generateDataKeyPair: { key, algorithm: 'ED25519', additionalAuthenticatedData: data },
        generateRandom: {},
        encryptWithServiceKey: { plaintext, additionalAuthenticatedData: data },
        decryptWithServiceKey: { ciphertext: plaintext },
        generateServiceDataKey: {},
        bindRole: { subject: 'user:rita', role: 'KMS_VIEWER' },
        unbindRole: { subject: 'user:rita', role: 'KMS_VIEWER' },
      }
    }
    const [onClosed, onNone] = [inputsOn(keyId), inputsOn(noKey)]
    const names = Object.keys(actions) as Name[]
    // A role that does not allow it: no key was looked at. An owner may give its key away with any role.
    for (const name of names) {
      const seen = name === 'transferOwnership' ? { keyId } : {}
      await trail.send(rita, name, onClosed[name], { code: 'FORBIDDEN', ...seen })
    }
    const onKeys = names.filter((name) =>
      ['key', 'version', 'alias'].some((field) => field in onClosed[name]),
    )
    // A key that is closed for the caller, and one that does not exist.
    for (const name of onKeys) await trail.send(max, name, onClosed[name], { code: 'FORBIDDEN', keyId })
    for (const name of onKeys) {
      await trail.send(mia, name, onNone[name], {
        code: name === 'decrypt' ? 'INVALID_CIPHERTEXT' : 'KEY_NOT_FOUND',
      })
    }
    await trail.send(mia, 'createUserKey', { name: 'closed' }, { code: 'NAME_TAKEN' })
    await trail.send(
      mia,
      'rotateUserKey',
      { key: keyId, expectedDefaultVersionNumber: 9 },
      { code: 'CONFLICT', keyId },
    )
    await trail.send(
      mia,
      'restoreKeyVersion',
      { version: { key: keyId, number: 1 } },
      { code: 'INVALID_KEY_STATE', keyId: keyId, version: 1 },
    )
    await trail.send(
      mia,
      'deactivateKeyVersion',
      { version: { key: keyId, number: 9 } },
      { code: 'KEY_VERSION_NOT_FOUND', keyId: keyId, version: 9 },
    )
    await trail.send(
      mia,
      'generateDataKey',
      { key: keyId, lengthBytes: 0 },
      { code: 'INPUT_VALIDATION', keyId },
    )
    await trail.send(mia, 'sign', { key: keyId, message: plaintext }, { code: 'INVALID_KEY_USAGE', keyId })
    const none = { code: 'INVALID_CIPHERTEXT' }
    await trail.send(agent, 'decryptWithServiceKey', { ciphertext: plaintext }, none)
    const mine = await manager.mutate('encrypt', { key: keyId, plaintext }, 'ciphertext')
    trail.expected.push({ action: 'ENCRYPT', outcome: 'SUCCEEDED', actor: 'user:mia' })
    await trail.send(
      mia,
      'decrypt',
      { ciphertext: mine['ciphertext'], additionalAuthenticatedData: data },
      { ...none, keyId: keyId, version: 1 },
    )
    await trail.expectRecorded()
  })
})
