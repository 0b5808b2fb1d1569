import { randomBytes, randomInt } from 'node:crypto'
import { base64, type Client, type MutationResult } from '../support/story.ts'
import { type Change, newState } from './known-key.ts'
import type { KnownCiphertext, KnownKey, Ledger } from './ledger.ts'
import { chooseAlgorithm, newName } from './load-choice.ts'
import { type Sent, sendMutation } from './sent.ts'

/** Creates a key, and notes it. */
export async function createKey(client: Client, ledger: Ledger): Promise<Sent> {
  const [name, description] = [newName(), `made by chance ${randomInt(1000)}`]
  // Noted first, for a check may come before the answer.
  ledger.namesInDoubt.set(name, description)
  const input = { name, description, algorithm: chooseAlgorithm() }
  const sent = await sendMutation(client, 'createUserKey', input, 'userKey { id name status revision }')
  if (sent.outcome !== 'in doubt') ledger.namesInDoubt.delete(name)
  if (sent.outcome !== 'answered') return sent
  const { userKey } = payloadOf(sent.result, 'CreateUserKeyPayload')
  expectEqual({ ...userKey, id: null }, { id: null, name, status: 'ACTIVE', revision: 1 })
  ledger.addKey(userKey.id, newState(name, description))
  return sent
}

/** Changes a key that nobody else is changing, and notes what came of it. */
export async function changeKey(
  client: Client,
  ledger: Ledger,
  { key, change }: { key: KnownKey; change: Change },
): Promise<Sent> {
  key.changing = change
  try {
    const { mutation, input } = requestOf(key, change)
    const sent = await sendMutation(client, mutation, input, 'userKey { id revision }')
    if (sent.outcome === 'in doubt') key.inDoubt = change
    if (sent.outcome !== 'answered') return sent
    const { userKey } = payloadOf(
      sent.result,
      `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Payload`,
    )
    // Besides this change only the system changes the key: it erases versions that are due.
    const due = key.state.versions.filter((status) => status === 'DESTROY_DUE').length
    const least = key.state.revision + 1
    if (userKey.id !== key.id || userKey.revision < least || userKey.revision > least + due) {
      throw new Error(`${mutation} made revision ${userKey.revision} of ${userKey.id}, not ${least}`)
    }
    ledger.addChange(key, change, userKey.revision)
    return sent
  } finally {
    key.changing = null
  }
}

function requestOf({ id: key, state }: KnownKey, change: Change): { mutation: string; input: object } {
  if ('version' in change) {
    const { type, version: number, ...rest } = change
    return { mutation: `${type}KeyVersion`, input: { version: { key, number }, ...rest } }
  }
  const { type, ...rest } = change
  const input = { key, ...rest }
  switch (type) {
    case 'rotate': {
      const expectedDefaultVersionNumber = state.versions.length
      return { mutation: 'rotateUserKey', input: { key, expectedDefaultVersionNumber } }
    }
    case 'rename':
      return { mutation: 'updateUserKey', input }
    case 'limitAccess':
      return { mutation: 'enableAccessControl', input }
    case 'addSubjects':
      return { mutation: 'addAllowedSubjects', input }
    case 'removeSubjects':
      return { mutation: 'removeAllowedSubjects', input }
    case 'openAccess':
      return { mutation: 'disableAccessControl', input }
  }
}

/** Encrypts something, and notes the ciphertext. */
export async function encrypt(client: Client, ledger: Ledger, key: KnownKey): Promise<Sent> {
  const plaintext = base64(randomBytes(randomInt(200)))
  const additionalData = randomInt(2) === 0 ? null : base64(key.id)
  const input = { key: key.id, plaintext, additionalAuthenticatedData: additionalData }
  const sent = await sendMutation(client, 'encrypt', input, 'ciphertext keyId versionNumber')
  if (sent.outcome !== 'answered') return sent
  const { ciphertext, keyId, versionNumber: version } = payloadOf(sent.result, 'EncryptPayload')
  expectEqual(keyId, key.id)
  ledger.ciphertexts.push({ keyId, version, ciphertext, plaintext, additionalData })
  return sent
}

/** Decrypts something of a version that nobody has begun to deactivate; null if that has begun. */
export async function decrypt(client: Client, ledger: Ledger, known: KnownCiphertext): Promise<Sent | null> {
  const key = ledger.keys.get(known.keyId)
  if (key === undefined || !mayOpen(key, known.version)) return null
  const { ciphertext, additionalData } = known
  const input = { ciphertext, additionalAuthenticatedData: additionalData }
  const sent = await sendMutation(client, 'decrypt', input, 'plaintext keyId versionNumber')
  if (sent.outcome !== 'answered') return sent
  // Somebody may have begun to deactivate the version meanwhile, and may or may not be done.
  if (sent.result['code'] === 'INVALID_KEY_STATE' && !mayOpen(key, known.version)) return sent
  const { plaintext, keyId, versionNumber } = payloadOf(sent.result, 'DecryptPayload')
  expectEqual([plaintext, keyId, versionNumber], [known.plaintext, known.keyId, known.version])
  return sent
}

function mayOpen({ state, inDoubt, changing }: KnownKey, version: number): boolean {
  const isGoing = [inDoubt, changing].some(
    (change) => change?.type === 'deactivate' && change.version === version,
  )
  if (isGoing) return false
  return (state.versions[version - 1] ?? 'ACTIVE') === 'ACTIVE'
}

function payloadOf(result: MutationResult, typename: string): MutationResult {
  if (result.__typename !== typename) throw new Error(`refused without a reason: ${JSON.stringify(result)}`)
  return result
}

function expectEqual(actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== should) throw new Error(`answered ${is.slice(0, 300)}, not ${should.slice(0, 300)}`)
}
