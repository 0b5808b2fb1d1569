import { expect } from 'vitest'
import { documentOf, keyMutations } from '../access/key-mutations.ts'
import { base64, type Person } from '../support/story.ts'
import type { WatchedStory } from './watched-story.ts'

/** What must not be found in logs, metrics or traces. */
export const canaries = {
  plaintext: base64('canary-plaintext-bytes'),
  associatedData: base64('canary-associated-data'),
  keyName: 'canary-key-name',
  description: 'canary description of a key',
  alias: 'canary-alias-of-a-key',
  label: 'canary label of a key',
  project: 'canary-project',
} as const

export const manager: Person = { name: 'canary-manager', roles: ['KMS_MANAGER'], project: canaries.project }
export const stranger: Person = { name: 'canary-stranger', project: canaries.project }
export const agent: Person = { name: 'Canary Service', kind: 'SERVICE_AGENT', project: canaries.project }

/** Mutations that name no key: `keyMutations` has the others. */
const others: readonly [Person, name: string, input: object][] = [
  [manager, 'generateRandom', { lengthBytes: 32 }],
  [manager, 'generateRandom', { lengthBytes: 0 }],
  [agent, 'encryptWithServiceKey', { plaintext: canaries.plaintext }],
  [agent, 'decryptWithServiceKey', { ciphertext: canaries.plaintext }],
  [agent, 'generateServiceDataKey', { additionalAuthenticatedData: canaries.associatedData }],
  [manager, 'encryptWithServiceKey', { plaintext: canaries.plaintext }],
  [stranger, 'createUserKey', { name: canaries.keyName }],
  [manager, 'createUserKey', { name: 'Not A Name' }],
]

/** Values of answers that only their caller may read. */
const secretFields = [
  'plaintext',
  'bytes',
  'sharedSecret',
  'privateKeyPlaintext',
  'mac',
  'ciphertext',
  'signature',
]

/**
 * Runs every mutation: as it should be, with an input that is not valid, and by someone who may not. Gives what the
 * answers held that nobody else may read.
 */
export async function runAllMutations(watched: WatchedStory): Promise<string[]> {
  const secrets: string[] = []
  let count = 0
  async function run(person: Person, name: string, input: object, selection = ''): Promise<string> {
    const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    const body = `{ __typename ... on UserError { code } ${selection && `... on ${pascal}Payload { ${selection} }`} }`
    const query =
      selection === ''
        ? documentOf(name)
        : `mutation Canary($input: ${pascal}Input!) { ${name}(input: $input) ${body} }`
    const answer = await watched.send(person, query, { input })
    for (const field of secretFields) {
      const found = answer.data?.[name]?.[field]
      if (typeof found === 'string') secrets.push(found)
    }
    return answer.data?.[name]?.userKey?.id ?? answer.data?.[name]?.ciphertext ?? ''
  }
  const createKey = (input: object) =>
    run(
      manager,
      'createUserKey',
      { name: `${canaries.keyName}-${++count}`, description: canaries.description, ...input },
      'userKey { id }',
    )

  const pending = await createKey({ preActivation: true })
  const keys = new Map<string, string>()
  const keyFor = async (algorithm: string, usage: string): Promise<string> => {
    const known = keys.get(algorithm) ?? (await createKey({ algorithm, usage }))
    keys.set(algorithm, known)
    return known
  }
  const aes = await keyFor('AES_256_GCM', 'ENCRYPT_DECRYPT')
  const sealed = { plaintext: canaries.plaintext, additionalAuthenticatedData: canaries.associatedData }
  const ciphertext = await run(manager, 'encrypt', { key: aes, ...sealed }, 'ciphertext')
  const opened = { ciphertext, additionalAuthenticatedData: canaries.associatedData }
  await run(manager, 'decrypt', opened, 'plaintext')
  await run(manager, 'generateDataKey', { key: aes }, 'plaintext ciphertext')
  const pair = { key: aes, algorithm: 'ED25519' }
  await run(manager, 'generateDataKeyPair', pair, 'privateKeyPlaintext')
  const kem = await keyFor('ML_KEM_768', 'KEY_ENCAPSULATION')
  await run(manager, 'encapsulate', { key: kem }, 'sharedSecret ciphertext')
  await run(manager, 'generateRandom', {}, 'bytes')
  const mac = await keyFor('HMAC_SHA256', 'GENERATE_VERIFY_MAC')
  await run(manager, 'generateMac', { key: mac, message: canaries.plaintext }, 'mac')
  const { alias } = canaries
  const naming: readonly [name: string, input: object][] = [
    ['createAlias', { key: aes, alias }],
    ['encrypt', { key: alias, ...sealed }],
    ['repointAlias', { key: kem, alias }],
    ['deleteAlias', { alias }],
    ['labelUserKey', { key: aes, set: [{ name: 'team', value: canaries.label }] }],
  ]
  for (const [name, input] of naming) {
    await run(stranger, name, input)
    expect(await run(manager, name, input, name === 'encrypt' ? 'ciphertext' : 'userKey { id }')).not.toBe('')
  }

  for (const mutation of keyMutations) {
    const { algorithm, usage } = mutation.keyOf ?? { algorithm: 'AES_256_GCM', usage: 'ENCRYPT_DECRYPT' }
    const keyId = mutation.group === 'OPERATION' ? await keyFor(algorithm, usage) : pending
    const inputs = [mutation.input, mutation.invalidInput].filter((input) => input !== undefined)
    for (const input of inputs) {
      const text = JSON.stringify(input({ keyId, ciphertext }))
      const withCanaries = JSON.parse(text.replaceAll(base64('message'), canaries.plaintext)) as object
      await run(manager, mutation.name, withCanaries)
      await run(stranger, mutation.name, withCanaries)
    }
  }
  for (const [person, name, input] of others) await run(person, name, input)
  return secrets
}
