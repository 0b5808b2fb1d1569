import { generateKeyPairSync } from 'node:crypto'
import { type Answer, base64, type Client } from '../support/story.ts'

/** What a mutation is about in a test. */
export interface Target {
  readonly keyId: string
  /** Made by the key, for those that open it. */
  readonly ciphertext: string
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
    invalidInput: ({ keyId }) => ({ keyId, name: 'Not A Name' }),
  },
  { name: 'rotateUserKey', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'configureAutomaticRotation',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, enabled: true }),
    invalidInput: ({ keyId }) => ({ keyId, enabled: true, cycleDays: 0 }),
  },
  ...['enableAccessControl', 'addAllowedSubjects', 'removeAllowedSubjects'].map(
    (name): KeyMutation => ({
      name,
      group: 'MANAGE',
      input: ({ keyId }) => ({
        keyId,
        subjects: [name === 'enableAccessControl' ? 'group:staff' : 'user:x'],
      }),
      invalidInput: ({ keyId }) => ({ keyId, subjects: ['nobody'] }),
    }),
  ),
  { name: 'disableAccessControl', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  ...['deactivateKeyVersion', 'destroyKeyVersion', 'restoreKeyVersion', 'activateKeyVersion'].map(
    (name): KeyMutation => ({
      name,
      group: 'MANAGE',
      input: ({ keyId }) => ({ keyId, version: 1 }),
      invalidInput: ({ keyId }) => ({
        keyId,
        version: -1,
        ...(name === 'destroyKeyVersion' && { waitingPeriodDays: 31 }),
      }),
    }),
  ),
  { name: 'getImportParameters', group: 'MANAGE', input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'importKeyVersion',
    group: 'MANAGE',
    input: ({ keyId }) => ({
      key: keyId,
      importParametersId: 'impt_01h455vb4pex5vsknk084sn02q',
      wrappedMaterial: base64(new Uint8Array(600)),
    }),
    invalidInput: ({ keyId }) => ({ keyId, importParametersId: '', wrappedMaterial: message }),
  },
  {
    name: 'deleteUserKey',
    group: 'MANAGE',
    input: ({ keyId }) => ({ key: keyId, confirmName: 'orders' }),
    invalidInput: ({ keyId }) => ({ keyId, confirmName: '' }),
  },
]

const using: readonly KeyMutation[] = [
  {
    name: 'encrypt',
    group: 'OPERATION',
    input: ({ keyId }) => ({ key: keyId, plaintext: message }),
    invalidInput: ({ keyId }) => ({ keyId, plaintext: base64(new Uint8Array(70_000)) }),
  },
  {
    name: 'decrypt',
    group: 'OPERATION',
    input: ({ keyId, ciphertext }) => ({ key: keyId, ciphertext }),
    invalidInput: ({ keyId, ciphertext }) => ({ keyId, ciphertext, version: 1 }),
  },
  {
    name: 'reEncrypt',
    group: 'OPERATION',
    input: ({ keyId, ciphertext }) => ({ ciphertext, destinationKey: keyId }),
    invalidInput: ({ keyId }) => ({ ciphertext: message, destinationKeyId: keyId }),
  },
  {
    name: 'sign',
    group: 'OPERATION',
    keyOf: signing,
    input: ({ keyId }) => ({ key: keyId, message }),
    invalidInput: ({ keyId }) => ({ keyId, message, messageType: 'DIGEST' }),
  },
  {
    name: 'verify',
    group: 'OPERATION',
    keyOf: signing,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, message, signature: message }),
    invalidInput: ({ keyId }) => ({ keyId, message, signature: message, version: -1 }),
  },
]

const usingMacs: readonly KeyMutation[] = [
  {
    name: 'generateMac',
    group: 'OPERATION',
    keyOf: macs,
    input: ({ keyId }) => ({ key: keyId, message }),
    invalidInput: ({ keyId }) => ({ keyId, message: base64(new Uint8Array(70_000)) }),
  },
]

const inBatches = [...using, ...usingMacs].map((single): KeyMutation => {
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
    invalidInput: ({ keyId }) => ({ keyId, message, mac: message, version: -1 }),
  },
  { name: 'encapsulate', group: 'OPERATION', keyOf: encapsulation, input: ({ keyId }) => ({ key: keyId }) },
  {
    name: 'decapsulate',
    group: 'OPERATION',
    keyOf: encapsulation,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, ciphertext: base64(new Uint8Array(1088)) }),
    invalidInput: ({ keyId }) => ({ keyId, version: -1, ciphertext: message }),
  },
  {
    name: 'deriveSharedSecret',
    group: 'OPERATION',
    keyOf: agreement,
    input: ({ keyId }) => ({ version: { key: keyId, number: 1 }, peerPublicKey, context: message }),
    invalidInput: ({ keyId }) => ({ keyId, version: 1, peerPublicKey: message, context: message, bytes: 0 }),
  },
  {
    name: 'generateDataKeyPair',
    group: 'OPERATION',
    input: ({ keyId }) => ({ key: keyId, algorithm: 'ED25519' }),
    invalidInput: ({ keyId }) => ({
      keyId,
      algorithm: 'ED25519',
      additionalAuthenticatedData: base64(new Uint8Array(70_000)),
    }),
  },
  {
    name: 'generateDataKey',
    group: 'OPERATION',
    input: ({ keyId }) => ({ key: keyId }),
    invalidInput: ({ keyId }) => ({ keyId, bytes: 0 }),
  },
  {
    name: 'transferOwnership',
    group: 'TRANSFER',
    input: ({ keyId }) => ({ key: keyId, to: 'user:heir', allowLockout: true }),
    invalidInput: ({ keyId }) => ({ keyId, to: 'system:rotation' }),
  },
]

/** The document that runs a mutation and shows its errors whole. */
export function documentOf(name: string): string {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const errors =
    '__typename ... on UserError { code message } ... on InputValidationError { issues { path } }'
  const items = name.endsWith('Batch') ? `... on ${pascal}Payload { results { result { ${errors} } } }` : ''
  return `mutation($input: ${pascal}Input!) { ${name}(input: $input) { ${errors} ${items} } }`
}

/** How a mutation ended: the name of a type, or FORBIDDEN; of a batch, how its first item ended. */
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
  return item.__typename === 'ForbiddenError' ? 'FORBIDDEN' : item.__typename
}
