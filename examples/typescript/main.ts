// Uses Keystead from TypeScript, with @keystead/client: node main.ts [ENVELOPE]
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  type CreateUserKeyInput,
  createClient,
  InvalidCiphertextError,
  isKeysteadError,
  NameTakenError,
} from '@keystead/client'

const keystead = createClient({
  url: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600',
  token: process.env['KEYSTEAD_TOKEN'] ?? '',
})
const bytes = (text: string) => new TextEncoder().encode(text)

/** Afterwards the name stands for the key in all calls. */
async function findOrCreate(input: CreateUserKeyInput): Promise<void> {
  await keystead.createUserKey(input).catch((error) => {
    if (!(error instanceof NameTakenError)) throw error
  })
}

async function encryptAndDecrypt(): Promise<void> {
  await findOrCreate({ name: 'typescript-orders' })
  const plaintext = bytes('ten pounds of tea')
  const { ciphertext } = await keystead.encrypt({
    key: 'typescript-orders',
    plaintext,
    context: { order: '42' },
  })
  const opened = await keystead.decrypt({ ciphertext, context: { order: '42' } })
  console.log('decrypted:', new TextDecoder().decode(opened.plaintext))
  await keystead.decrypt({ ciphertext, context: { order: '43' } }).catch((error) => {
    if (!(error instanceof InvalidCiphertextError)) throw error
    console.log('another context:', error.code)
  })
}

async function signAndVerify(): Promise<void> {
  await findOrCreate({ name: 'typescript-signer', usage: 'SIGN_VERIFY', algorithm: 'ED25519' })
  const message = bytes('I owe you ten pounds of tea')
  const { signature, keyId, versionNumber } = await keystead.sign({ key: 'typescript-signer', message })
  for (const said of [message, bytes('I owe you nothing')]) {
    const version = { key: keyId, number: versionNumber }
    console.log('valid:', (await keystead.verify({ version, message: said, signature })).valid)
  }
}

async function listKeys(): Promise<void> {
  const names: string[] = []
  for (let after: string | null = null; ; ) {
    const page = await keystead.userKeys({ first: 1, after, filter: { namePrefix: 'typescript-' } })
    names.push(...page.nodes.map(({ name }) => name))
    if (!page.pageInfo.hasNextPage) break
    after = page.pageInfo.endCursor
  }
  console.log('keys:', ...names)
}

async function openEnvelope(file: string): Promise<void> {
  const hash = createHash('sha256')
  const content = await keystead.envelope.decrypt(createReadStream(file), {
    context: { purpose: 'examples' },
    additionalAuthenticatedData: bytes('records/7'),
  })
  for await (const piece of content) hash.update(piece)
  console.log('envelope:', hash.digest('hex'))
}

try {
  await encryptAndDecrypt()
  await signAndVerify()
  await listKeys()
  const [file] = process.argv.slice(2)
  if (file !== undefined) await openEnvelope(file)
} catch (error) {
  if (!isKeysteadError(error)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
} finally {
  keystead.close()
}
