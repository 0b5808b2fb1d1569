import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Load, MeasuredServer, Round } from './measured-server.ts'

/** An operation to repeat, and how its answers are checked. */
export interface Operation {
  readonly load: Pick<Load, 'query' | 'variables' | 'expected' | 'nextBody'>
  /** Throws unless some of the answers are right; the form of all is checked as they come. */
  check?(answers: readonly string[]): Promise<void>
}

/** 256 bytes, and how they are sent. */
export const message = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
export const messageText = message.toString('base64')

/** Of so many answers one is kept to be checked, besides the first; and so many are kept at most. */
const sampling = { each: 200, max: 40 } as const

/** Puts an operation on a server, and checks the answers. */
export async function measureOperation(
  server: MeasuredServer,
  operation: Operation,
  how: Omit<Load, 'query' | 'variables' | 'expected' | 'nextBody' | 'onAnswer'>,
): Promise<Round> {
  const kept: string[] = []
  let answers = 0
  const onAnswer = (body: string) => {
    if (answers++ % sampling.each === 0 && kept.length < sampling.max) kept.push(body)
  }
  const round = await server.measure({ ...operation.load, ...how, onAnswer })
  assert.ok(kept.length > 0, 'there were answers to check')
  await operation.check?.(kept)
  return round
}

/** Makes a key, and gives its ID. */
export async function createKey(server: MeasuredServer, name: string, algorithm: string): Promise<string> {
  const answer = await server.ask(
    'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on CreateUserKeyPayload { userKey { id } } } }',
    { input: { name, algorithm, usage: usageOf(algorithm) } },
  )
  return textIn(answer, 'id')
}

/** `encrypt` of 256 bytes; some of the ciphertexts are decrypted again. The key is named by its ID, its name or an alias. */
export async function encryptOperation(
  server: MeasuredServer,
  name = 'encrypt',
  by: 'ID' | 'name' | 'alias' = 'ID',
): Promise<Operation> {
  const key = await referenceOf(server, await createKey(server, name, 'AES_256_GCM'), { name, by })
  return {
    load: {
      query:
        'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
      variables: { input: { key, plaintext: messageText } },
      expected: /^\{"data":\{"encrypt":\{"ciphertext":"[\w+/=]{400,440}"\}\}\}$/,
    },
    async check(answers) {
      const ciphertexts = answers.map((answer) => textIn(answer, 'ciphertext'))
      assert.equal(new Set(ciphertexts).size, ciphertexts.length, 'no two ciphertexts are the same')
      for (const ciphertext of ciphertexts) assert.equal(await decrypt(server, ciphertext), messageText)
    },
  }
}

/** What names a key; an alias is made for it. */
async function referenceOf(
  server: MeasuredServer,
  id: string,
  { name, by }: { readonly name: string; readonly by: 'ID' | 'name' | 'alias' },
): Promise<string> {
  if (by !== 'alias') return by === 'ID' ? id : name
  const alias = `alias-of-${name}`
  await server.ask(
    'mutation($input: CreateAliasInput!) { createAlias(input: $input) { ... on UserKeyChange { userKey { aliases } } } }',
    { input: { key: id, alias } },
  )
  return alias
}

/** `decrypt` of the ciphertext of 256 bytes. */
export async function decryptOperation(server: MeasuredServer): Promise<Operation> {
  const { load } = await encryptOperation(server, 'decrypt')
  const ciphertext = textIn(await server.ask(load.query, load.variables), 'ciphertext')
  return {
    load: {
      query: decryptDocument,
      variables: { input: { ciphertext } },
      expected: exactly(`{"data":{"decrypt":{"plaintext":"${messageText}"}}}`),
    },
  }
}

/** `generateMac` over 256 bytes; `verifyMac` has confirmed the answer that all must have. */
export async function macOperation(server: MeasuredServer): Promise<Operation> {
  const keyId = await createKey(server, 'mac', 'HMAC_SHA256')
  const query =
    'mutation($input: GenerateMacInput!) { generateMac(input: $input) { ... on GenerateMacPayload { mac } } }'
  const variables = { input: { key: keyId, message: messageText } }
  const answer = await server.ask(query, variables)
  const verified = await server.ask(
    'mutation($input: VerifyMacInput!) { verifyMac(input: $input) { ... on VerifyMacPayload { valid } } }',
    { input: { version: { key: keyId, number: 1 }, message: messageText, mac: textIn(answer, 'mac') } },
  )
  assert.equal(verified.trim(), '{"data":{"verifyMac":{"valid":true}}}')
  return { load: { query, variables, expected: exactly(answer.trim()) } }
}

/** `sign` of 256 bytes; some of the signatures are verified outside of the server. */
export async function signOperation(server: MeasuredServer, algorithm: string): Promise<Operation> {
  const keyId = await createKey(server, `sign-${algorithm}`.toLowerCase(), algorithm)
  const asked = await server.ask('query($id: KeyRef!) { userKey(key: $id) { publicKey { pem } } }', {
    id: keyId,
  })
  const publicKey = createPublicKey(textIn(asked, 'pem').replaceAll('\\n', '\n'))
  const signingAlgorithm = algorithm.startsWith('RSA') ? 'RSASSA_PKCS1_V1_5_SHA_256' : undefined
  return {
    load: {
      query: 'mutation($input: SignInput!) { sign(input: $input) { ... on SignPayload { signature } } }',
      variables: { input: { key: keyId, message: messageText, signingAlgorithm } },
      expected: /^\{"data":\{"sign":\{"signature":"[\w+/=]{80,}"\}\}\}$/,
    },
    async check(answers) {
      for (const answer of answers) assert.ok(isSignature(textIn(answer, 'signature'), algorithm, publicKey))
    },
  }
}

const decryptDocument =
  'mutation($input: DecryptInput!) { decrypt(input: $input) { ... on DecryptPayload { plaintext } } }'

/** What a ciphertext decrypts to, as base64. */
export async function decrypt(server: MeasuredServer, ciphertext: string): Promise<string> {
  return textIn(await server.ask(decryptDocument, { input: { ciphertext } }), 'plaintext')
}

/** The value of a field that an answer has once. */
export function textIn(answer: string, field: string): string {
  const text = new RegExp(`"${field}":"([^"]+)"`).exec(answer)?.[1]
  if (text === undefined) throw new Error(`an answer without ${field}: ${answer.slice(0, 500)}`)
  return text
}

function isSignature(signature: string, algorithm: string, publicKey: KeyObject): boolean {
  const hash = algorithm === 'EC_P256' || algorithm.startsWith('RSA') ? 'sha256' : null
  return verify(hash, message, publicKey, Buffer.from(signature, 'base64'))
}

function usageOf(algorithm: string): string {
  if (algorithm.startsWith('HMAC')) return 'GENERATE_VERIFY_MAC'
  return algorithm.startsWith('AES') ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY'
}

function exactly(text: string): RegExp {
  return new RegExp(`^${RegExp.escape(text)}\\s*$`)
}
