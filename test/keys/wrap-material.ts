import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { base64, type Client } from '../support/story.ts'

/** What a client needs of import parameters. */
export interface OpenImport {
  readonly id: string
  readonly publicKey: { readonly pem: string }
}

/** Creates a key for imported material; gives its ID. */
export async function createExternalKey(client: Client, input: Record<string, unknown>): Promise<string> {
  const created = await client.mutate('createUserKey', { origin: 'EXTERNAL', ...input }, 'userKey { id }')
  return created['userKey'].id
}

/** Asks for import parameters. */
export async function openImport(client: Client, keyId: string): Promise<OpenImport> {
  const selection = 'importParameters { id publicKey { pem } }'
  return (await client.mutate('getImportParameters', { key: keyId }, selection))['importParameters']
}

/** Wraps material as a client would: an AES-256 key with RSA-OAEP, and the material with AES-KWP under it. */
export function wrapMaterial(
  { publicKey }: OpenImport,
  material: Uint8Array,
  { oaepHash = 'sha256', aesKey = randomBytes(32) } = {},
): string {
  const key = createPublicKey(publicKey.pem)
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const initialValue = Buffer.from('A65959A6', 'hex')
  const cipher = createCipheriv(`id-aes${aesKey.length * 8}-wrap-pad`, aesKey, initialValue)
  return base64(
    Buffer.concat([
      publicEncrypt({ key, padding, oaepHash }, aesKey),
      cipher.update(material),
      cipher.final(),
    ]),
  )
}

/** Imports material into a key, with import parameters of its own. */
export async function importMaterial(
  client: Client,
  keyId: string,
  material: Uint8Array,
  selection = 'version { number }',
) {
  const open = await openImport(client, keyId)
  const input = { key: keyId, importParametersId: open.id, wrappedMaterial: wrapMaterial(open, material) }
  return client.mutate('importKeyVersion', input, selection)
}
