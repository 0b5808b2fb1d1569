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
  readonly permission: 'USE' | 'MANAGE'
  readonly input: (target: Target) => object
  readonly invalidInput?: (target: Target) => object
}

const message = base64('message')

/** Each of these succeeds on a key that was created without a version, one after the other, but the last. */
const managing: readonly KeyMutation[] = [
  { name: 'activateUserKey', permission: 'MANAGE', input: ({ keyId }) => ({ keyId }) },
  {
    name: 'updateUserKey',
    permission: 'MANAGE',
    input: ({ keyId }) => ({ keyId, description: 'changed' }),
    invalidInput: ({ keyId }) => ({ keyId, name: 'Not A Name' }),
  },
  { name: 'rotateUserKey', permission: 'MANAGE', input: ({ keyId }) => ({ keyId }) },
  {
    name: 'configureAutomaticRotation',
    permission: 'MANAGE',
    input: ({ keyId }) => ({ keyId, enabled: true }),
    invalidInput: ({ keyId }) => ({ keyId, enabled: true, cycleDays: 0 }),
  },
  ...['enableAccessControl', 'addAllowedSubjects', 'removeAllowedSubjects'].map(
    (name): KeyMutation => ({
      name,
      permission: 'MANAGE',
      input: ({ keyId }) => ({
        keyId,
        subjects: [name === 'enableAccessControl' ? 'group:staff' : 'user:x'],
      }),
      invalidInput: ({ keyId }) => ({ keyId, subjects: ['nobody'] }),
    }),
  ),
  { name: 'disableAccessControl', permission: 'MANAGE', input: ({ keyId }) => ({ keyId }) },
  ...['deactivateKeyVersion', 'destroyKeyVersion', 'restoreKeyVersion', 'activateKeyVersion'].map(
    (name): KeyMutation => ({
      name,
      permission: 'MANAGE',
      input: ({ keyId }) => ({ keyId, version: 1 }),
      invalidInput: ({ keyId }) => ({
        keyId,
        version: -1,
        ...(name === 'destroyKeyVersion' && { waitingPeriodDays: 31 }),
      }),
    }),
  ),
  {
    name: 'deleteUserKey',
    permission: 'MANAGE',
    input: ({ keyId }) => ({ keyId, confirmName: 'orders' }),
    invalidInput: ({ keyId }) => ({ keyId, confirmName: '' }),
  },
]

const using: readonly KeyMutation[] = [
  {
    name: 'encrypt',
    permission: 'USE',
    input: ({ keyId }) => ({ keyId, plaintext: message }),
    invalidInput: ({ keyId }) => ({ keyId, plaintext: base64(new Uint8Array(70_000)) }),
  },
  {
    name: 'decrypt',
    permission: 'USE',
    input: ({ keyId, ciphertext }) => ({ keyId, ciphertext }),
    invalidInput: ({ keyId, ciphertext }) => ({ keyId, ciphertext, version: 1 }),
  },
  {
    name: 'reEncrypt',
    permission: 'USE',
    input: ({ keyId, ciphertext }) => ({ ciphertext, destinationKeyId: keyId }),
    invalidInput: ({ keyId }) => ({ ciphertext: message, destinationKeyId: keyId }),
  },
  {
    name: 'sign',
    permission: 'USE',
    input: ({ keyId }) => ({ keyId, message }),
    invalidInput: ({ keyId }) => ({ keyId, message, messageType: 'DIGEST' }),
  },
  {
    name: 'verify',
    permission: 'USE',
    input: ({ keyId }) => ({ keyId, message, signature: message, version: 1 }),
    invalidInput: ({ keyId }) => ({ keyId, message, signature: message, version: -1 }),
  },
]

const inBatches = using.map((single): KeyMutation => {
  const { invalidInput } = single
  return {
    name: `${single.name}Batch`,
    permission: 'USE',
    input: (target) => ({ items: [single.input(target)] }),
    ...(invalidInput && { invalidInput: (target) => ({ items: [invalidInput(target)] }) }),
  }
})

/** Every mutation that names a user key. */
export const keyMutations: readonly KeyMutation[] = [
  ...managing,
  ...using,
  ...inBatches,
  {
    name: 'generateDataKey',
    permission: 'USE',
    input: ({ keyId }) => ({ keyId }),
    invalidInput: ({ keyId }) => ({ keyId, bytes: 0 }),
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
