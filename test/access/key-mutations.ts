import { generateKeyPairSync } from 'node:crypto'
import { type Answer, base64, type Client } from '../support/story.ts'

/** What a mutation is about in a test. */
export interface Target {
  readonly keyId: string
  /** Made by the key, for those that open it. */
  readonly ciphertext: string
  /** An alias that the key has; without it, what names an alias names the key by its ID. */
  readonly alias?: string
}

/** One mutation that names a key, with an input that fits and, where there is one, an input that is not valid. */
export interface KeyMutation {
  readonly name: string
  readonly group: 'OPERATION' | 'MANAGE' | 'TRANSFER'
  /** Algorithm and usage of a key on which it succeeds; AES_256_GCM if not given. */
  readonly keyOf?: { readonly algorithm: string; readonly usage: string }
  readonly input: (target: Target) => object
  readonly invalidInput?: (target: Target) => object
}

const message = base64('message')
const peerPublicKey = base64(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }))
const signing = { algorithm: 'ED25519', usage: 'SIGN_VERIFY' }
const macs = { algorithm: 'HMAC_SHA256', usage: 'GENERATE_VERIFY_MAC' }
const encapsulation = { algorithm: 'ML_KEM_768', usage: 'KEY_ENCAPSULATION' }
const agreement = { algorithm: 'X25519', usage: 'KEY_AGREEMENT' }

/** Each of these succeeds on a key that was created without a version, one after the other, but imports and the last. */
const managing: readonly KeyMutation[] = [
  { name: 'activateUserKey', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'updateUserKey',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, description: 'changed' }),
    invalidInput: ({ keyId }) => ({ key: keyId, name: 'Not A Name' }),
  },
  { name: 'rotateUserKey', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'configureAutomaticRotation',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, enabled: true }),
    invalidInput: ({ keyId }) => ({ key: keyId, enabled: true, cycleDays: 0 }),
  },
  ...['enableAccessControl', 'addAllowedSubjects', 'removeAllowedSubjects'].map(
    (name): KeyMutation => ({
      name,
      group: 'MANAGE',
      input: ({ keyId }) => ({
        key: keyId,
        subjects: [name === 'enableAccessControl' ? 'group:staff' : 'user:x'],
      }),
      invalidInput: ({ keyId }) => ({ key: keyId, subjects: ['nobody'] }),
    }),
  ),
  { name: 'disableAccessControl', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  ...['deactivateKeyVersion', 'destroyKeyVersion', 'restoreKeyVersion', 'activateKeyVersion'].map(
    (name): KeyMutation => ({
      name,
      group: 'MANAGE',
      input: ({ keyId }) => ({ version: { key: keyId, number: 1 } }),
      invalidInput: ({ keyId }) => ({
        version: { key: keyId, number: -1 },
        ...(name === 'destroyKeyVersion' && { waitingPeriodDays: 31 }),
      }),
    }),
  ),
  {
    name: 'createAlias',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, alias: 'another-name' }),
    invalidInput: ({ keyId }) => ({ key: keyId, alias: 'Not A Name' }),
  },
  {
    name: 'repointAlias',
    group: 'MANAGE',
    input: ({ keyId, alias = keyId }) => ({ alias, key: keyId }),
    invalidInput: ({ keyId }) => ({ alias: keyId, key: keyId }),
  },
  {
    name: 'deleteAlias',
    group: 'MANAGE',
    input: ({ keyId, alias = keyId }) => ({ alias }),
    invalidInput: ({ keyId }) => ({ alias: keyId }),
  },
  {
    name: 'labelUserKey',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, set: [{ name: 'team', value: 'payments' }] }),
    invalidInput: ({ keyId }) => ({ key: keyId, set: [{ name: '', value: 'payments' }] }),
  },
  {
    name: 'publishJwks',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, tokenLifetimeMinutes: 60 }),
    invalidInput: ({ keyId }) => ({ key: keyId, tokenLifetimeMinutes: 0 }),
  },
  { name: 'unpublishJwks', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  { name: 'getImportParameters', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'importKeyVersion',
    group: 'MANAGE',
    input: ({ keyId }) => ({
      key: keyId,
      importParametersId: 'impt_01h455vb4pex5vsknk084sn02q',
      wrappedMaterial: base64(new Uint8Array(600)),
    }),
    invalidInput: ({ keyId }) => ({ key: keyId, importParametersId: '', wrappedMaterial: message }),
  },
  {
    name: 'deleteUserKey',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, confirmName: 'orders' }),
    invalidInput: ({ keyId }) => ({ key: keyId, confirmName: '' }),
  },
]

const using: readonly KeyMutation[] = [
  {
    name: 'encrypt',
    group: 'OPERATION',
    input: ({ keyId }) => ({ key: keyId, plaintext: message }),
    invalidInput: ({ keyId }) => ({ key: keyId, plaintext: base64(new Uint8Array(70_000)) }),
  },
  {
    name: 'decrypt',
    group: 'OPERATION',
    input: ({ keyId, ciphertext }) => ({ key: keyId, ciphertext }),
    invalidInput: ({ keyId, ciphertext }) => ({ ciphertext, version: { key: keyId, number: 1 } }),
  },
  {
    name: 'reEncrypt',
    group: 'OPERATION',
    input: ({ keyId, ciphertext }) => ({ ciphertext, destinationKey: keyId }),
    invalidInput: ({ keyId }) => ({ ciphertext: message, destinationKey: keyId }),
  },
  {
    name: 'sign',
    group: 'OPERATION',
    keyOf: signing,
    input: ({ keyId }) => ({ key: keyId, message }),
    invalidInput: ({ keyId }) => ({ key: keyId, message, messageType: 'DIGEST' }),
  },
  {
    name: 'verify',
    group: 'OPERATION',
    keyOf: signing,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, message, signature: message }),
    invalidInput: ({ keyId }) => ({ version: { key: keyId, number: -1 }, message, signature: message }),
  },
]

const usingMacs: readonly KeyMutation[] = [
  {
    name: 'generateMac',
    group: 'OPERATION',
    keyOf: macs,
    input: ({ keyId }) => ({ key: keyId, message }),
    invalidInput: ({ keyId }) => ({ key: keyId, message: base64(new Uint8Array(70_000)) }),
  },
]

const batchable: readonly KeyMutation[] = [
  ...using,
  ...usingMacs,
  ...managing.filter(({ name }) =>
    ['rotateUserKey', 'labelUserKey', 'deactivateKeyVersion', 'destroyKeyVersion'].includes(name),
  ),
]

const inBatches = batchable.map((single): KeyMutation => {
  const { invalidInput } = single
  return {
    ...single,
    name: `${single.name}Batch`,
    input: (target) => ({ items: [single.input(target)] }),
    ...(invalidInput && { invalidInput: (target) => ({ items: [invalidInput(target)] }) }),
  }
})

/** Every mutation that names a user key. */
export const keyMutations: readonly KeyMutation[] = [
  ...managing,
  ...using,
  ...usingMacs,
  ...inBatches,
  {
    name: 'verifyMac',
    group: 'OPERATION',
    keyOf: macs,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, message, mac: message }),
    invalidInput: ({ keyId }) => ({ version: { key: keyId, number: -1 }, message, mac: message }),
  },
  { name: 'encapsulate', group: 'OPERATION', keyOf: encapsulation, input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'decapsulate',
    group: 'OPERATION',
    keyOf: encapsulation,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, ciphertext: base64(new Uint8Array(1088)) }),
    invalidInput: ({ keyId }) => ({ version: { key: keyId, number: -1 }, ciphertext: message }),
  },
  {
    name: 'deriveSharedSecret',
    group: 'OPERATION',
    keyOf: agreement,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, peerPublicKey, context: message }),
    invalidInput: ({ keyId }) => ({
      version: { key: keyId, number: 1 },
      peerPublicKey: message,
      context: message,
      lengthBytes: 0,
    }),
  },
  {
    name: 'generateDataKeyPair',
    group: 'OPERATION',
    input: ({ keyId }) => ({ key: keyId, algorithm: 'ED25519' }),
    invalidInput: ({ keyId }) => ({
      key: keyId,
      algorithm: 'ED25519',
      additionalAuthenticatedData: base64(new Uint8Array(70_000)),
    }),
  },
  {
    name: 'generateDataKey',
    group: 'OPERATION',
    input: ({ keyId }) => ({ key: keyId }),
    invalidInput: ({ keyId }) => ({ key: keyId, lengthBytes: 0 }),
  },
  {
    name: 'transferOwnership',
    group: 'TRANSFER',
    input: ({ keyId }) => ({ key: keyId, to: 'user:heir', allowLockout: true }),
    invalidInput: ({ keyId }) => ({ key: keyId, to: 'system:rotation' }),
  },
]

/** An input about a key, or about one of its versions if it has a `versionNumber`. */
export function inputOn(key: string, input: object): object {
  const { versionNumber: number, ...rest } = input as { versionNumber?: number }
  return number === undefined ? { key, ...rest } : { version: { key, number }, ...rest }
}

/** An input with further fields; of a batch, each of its items. */
export function inputWith(input: object, fields: object = {}): object {
  const { items } = input as { items?: readonly object[] }
  return items === undefined
    ? { ...input, ...fields }
    : { ...input, items: items.map((item) => ({ ...item, ...fields })) }
}

/** The document that runs a mutation and shows its errors whole. */
export function documentOf(name: string): string {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const errors =
    '__typename ... on UserError { code message } ... on InputValidationError { issues { path } }'
  const items = name.endsWith('Batch') ? `... on ${pascal}Payload { results { result { ${errors} } } }` : ''
  return `mutation($input: ${pascal}Input!) { ${name}(input: $input) { ${errors} ${items} } }`
}

/** How a mutation ended: the name of a type, or the code of a top-level error; of a batch, how its first item ended. */
export async function outcomeOf(client: Client, name: string, input: object): Promise<string> {
  const answer = await client.send(documentOf(name), { input })
  return readOutcome(name, answer)
}

/** The same of an answer that is there already. */
export function readOutcome(name: string, { data, errors, text }: Answer): string {
  const [error] = errors
  if (error !== undefined) return error.extensions.code
  const result = data?.[name]
  const item = result?.results?.[0]?.result ?? result
  if (typeof item?.__typename !== 'string') throw new Error(`no outcome: ${text}`)
  return item.__typename
}
