import { expect } from 'vitest'
import { pruneAudit } from '../../src/audit/prune/prune.ts'
import { openParts } from '../../src/open-parts.ts'
import { base64, type Client, type Person, type Story } from '../support/story.ts'

const administrator: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
export const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
export const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
export const service: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
const message = base64('the message')
const alias = 'current-orders'
const labels = [{ name: 'team', value: 'payments' }]

/** Entry on the list of a key, as it is shown. */
const hiddenEntry = {
  subject: 'user:max',
  permissions: ['VIEW', 'ENCRYPT'],
  context: [{ name: 'mandant', value: 'Übung 😀' }],
  expiresAt: '2026-06-01T00:00:00.000Z',
  note: 'Übergangsweise',
}

/** What a restored store must still do. */
export interface Everything {
  readonly keyId: string
  readonly ciphertexts: readonly string[]
  readonly serviceCiphertext: string
  readonly signingKeyId: string
  /** Of the version that the signing key would have got next. */
  readonly nextKeyId: string
  readonly signature: string
  readonly hiddenKeyId: string
  readonly deletedName: string
}

/** Brings rows into every table: keys in all states, an alias, an access list, imports, uses, and a pruned trail. */
export async function makeEverything(story: Story): Promise<Everything> {
  const mia = story.as(manager)
  const create = async (input: object): Promise<string> =>
    (await mia.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  await create({ name: 'early' })
  const description = 'Übung "quoted"\\ \u00a0 😀'
  const keyId = await create({ name: 'orders', description, decryptableInGraph: true })
  const ciphertexts: string[] = []
  for (let version = 1; version <= 5; version++) {
    const { ciphertext } = await mia.mutate(
      'encrypt',
      { key: keyId, plaintext: base64(`v${version}`) },
      'ciphertext',
    )
    ciphertexts.push(ciphertext)
    await mia.mutate('rotateUserKey', { key: keyId })
  }
  await mia.mutate('createAlias', { key: keyId, alias })
  await mia.mutate('labelUserKey', { key: keyId, set: labels })
  story.clock.advance({ days: 1 })
  await mia.mutate('deactivateKeyVersion', { version: { key: keyId, number: 3 } })
  for (const [version, waitingPeriodDays] of [
    [4, 7],
    [5, 0],
  ]) {
    await mia.mutate('deactivateKeyVersion', { version: { key: keyId, number: version } })
    await mia.mutate('destroyKeyVersion', { version: { key: keyId, number: version }, waitingPeriodDays })
  }
  const signingKeyId = await create({ name: 'signer', usage: 'SIGN_VERIFY', algorithm: 'EC_P256' })
  const published = await mia.mutate(
    'publishJwks',
    { key: signingKeyId, tokenLifetimeMinutes: 60 },
    'userKey { jwks { nextKeyId } }',
  )
  const { signature } = await mia.mutate('sign', { key: signingKeyId, message }, 'signature')
  const hiddenKeyId = await create({ name: 'hidden' })
  const limited = await mia.mutate('enableAccessControl', {
    key: hiddenKeyId,
    subjects: ['user:mia', 'group:payments'],
    entries: [hiddenEntry],
  })
  expect(limited['__typename']).toBe('EnableAccessControlPayload')
  const imported = await create({ name: 'imported', origin: 'EXTERNAL' })
  const deletedName = 'gone'
  const deleted = await create({ name: deletedName, preActivation: true })
  expect(await mia.mutate('deleteUserKey', { key: deleted, confirmName: deletedName })).toMatchObject({
    __typename: 'DeleteUserKeyPayload',
  })
  const served = await story
    .as(service)
    .mutate('encryptWithServiceKey', { plaintext: base64('served') }, 'ciphertext')
  for (const subject of ['user:boris', 'group:ops']) {
    await story.as(administrator).mutate('bindRole', { subject, role: 'KMS_USER' })
  }
  await story.app.housekeeping.runOnce()
  story.clock.advance({ days: 500 })
  expect(await prune(story)).toBeGreaterThan(0)
  // Last of all, since a server removes those that have expired.
  await mia.mutate('getImportParameters', { key: imported })
  return {
    keyId,
    ciphertexts,
    serviceCiphertext: served['ciphertext'],
    signingKeyId,
    nextKeyId: published['userKey'].jwks.nextKeyId,
    signature,
    hiddenKeyId,
    deletedName,
  }
}

/** Asks a server on the restored store for all of it. */
export async function expectEverything(as: (person: Person) => Client, made: Everything): Promise<void> {
  const [mia, max] = [as(manager), as(member)]
  const opened: (string | undefined)[] = []
  for (const ciphertext of made.ciphertexts) {
    const answer = await mia.mutate('decrypt', { ciphertext }, 'plaintext')
    opened.push(answer['plaintext'] ?? answer['code'])
  }
  expect(opened.slice(0, 2)).toEqual([base64('v1'), base64('v2')])
  // A deactivated, a scheduled and a destroyed version: none of them came back to life.
  expect(opened.slice(2)).toEqual(opened.slice(2).filter((code) => /^[A-Z_]+$/.test(code ?? '')))
  const verified = await mia.mutate(
    'verify',
    { version: { key: made.signingKeyId, number: 1 }, message, signature: made.signature },
    'valid',
  )
  expect(verified).toMatchObject({ valid: true })
  const served = await as(service).mutate(
    'decryptWithServiceKey',
    { ciphertext: made.serviceCiphertext },
    'plaintext',
  )
  expect(served).toMatchObject({ plaintext: base64('served') })
  const question = `query($id: KeyRef!) { userKey(key: $id) { name status accessList {
    subject { id } permissions context { name value } expiresAt note expired } } }`
  const asked = { id: made.hiddenKeyId }
  const nothing = { permissions: null, context: null, expiresAt: null, note: '', expired: false }
  const accessList = [
    { subject: { id: 'group:payments' }, ...nothing },
    { ...hiddenEntry, subject: { id: 'user:max' }, expired: true },
    { subject: { id: 'user:mia' }, ...nothing },
  ]
  expect(await mia.ask(question, asked)).toEqual({
    userKey: { name: 'hidden', status: 'ACTIVE', accessList },
  })
  expect(await max.ask(question, asked)).toEqual({
    userKey: { name: 'hidden', status: null, accessList: null },
  })
  const aliased = `{ userKey(key: "${alias}") { id aliases labels { name value } } }`
  expect(await mia.ask(aliased)).toEqual({ userKey: { id: made.keyId, aliases: [alias], labels } })
  const roles = '{ viewer { roles } }'
  expect(await as({ name: 'boris' }).ask(roles)).toEqual({ viewer: { roles: ['KMS_USER'] } })
  // They are as the trail has them, so that they can be changed.
  await as(administrator).mutate('unbindRole', { subject: 'user:boris', role: 'KMS_USER' })
  expect(await as({ name: 'boris' }).ask(roles)).toEqual({ viewer: { roles: [] } })
  // A published key has its address and its public key again, and its next version is another one.
  const published = await mia.ask<{ userKey: { jwks: { tokenLifetimeMinutes: number; nextKeyId: string } } }>(
    'query($id: KeyRef!) { userKey(key: $id) { jwks { tokenLifetimeMinutes nextKeyId } } }',
    { id: made.signingKeyId },
  )
  expect(published.userKey.jwks.tokenLifetimeMinutes).toBe(60)
  expect(published.userKey.jwks.nextKeyId).not.toBe(made.nextKeyId)
  const issued = await mia.mutate(
    'rotateUserKey',
    { key: made.signingKeyId, allowUnknownKey: true },
    'version { number }',
  )
  expect(issued['version'].number).toBeGreaterThan(100_000)
  // A key can be changed and used again; its next version has none of the numbers that others may have had meanwhile.
  const rotated = await mia.mutate('rotateUserKey', { key: made.keyId }, 'version { number }')
  expect(rotated['version'].number).toBeGreaterThan(100_000)
}

/** Prunes as `keystead audit prune` does, by the story's clock. */
async function prune(story: Story): Promise<number> {
  await story.stop()
  const { parts, close } = await openParts(story.config, {
    prepare: false,
    clock: story.clock,
    alert: (error) => {
      throw error
    },
  })
  const { store, clock, audit, auditKeys } = parts
  const options = { store, clock, audit, chainMac: auditKeys.chainMac, olderThanDays: 400 }
  const { chainId } = await store.db.auditRollupProgress.findFirstOrThrow()
  const position = { sink: 'file', chainId, sequence: 3 }
  const mac = auditKeys.chainMac.positionMac(position)
  await store.db.auditSinkPosition.create({ data: { ...position, sequence: 3n, mac } })
  const { pruned } = await pruneAudit(options).finally(close)
  await story.restart()
  return pruned
}
