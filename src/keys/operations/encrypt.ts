import type { AeadCapability, PublicKeyEncryptionCapability } from '../../crypto/capabilities.ts'
import { encodeHeader } from '../../crypto/ciphertext-format.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { EncryptionLimitError } from '../rules/errors.ts'
import { requireBytesAtMost, requireInput } from '../rules/input.ts'
import { defineKeyOperation, newVersionRemedy, type VersionInUse } from './key-operation.ts'
import type { BatchOperation, UsedVersion } from './run-operation.ts'

/** Bytes to authenticate with a ciphertext. None is the same as empty. */
export type AssociatedData = Uint8Array | null | undefined

interface EncryptInput {
  readonly plaintext: Uint8Array
  readonly additionalAuthenticatedData?: AssociatedData
}

export interface EncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
}

/** Encrypts under the default version of a key. */
export const encrypt = defineKeyOperation({
  action: 'ENCRYPT',
  usage: 'ENCRYPT_DECRYPT',
  kinds: ['aead', 'publicKeyEncryption'],
  version: 'default',
  checkInput({ parts, capability }, { plaintext, additionalAuthenticatedData }: EncryptInput) {
    requireBytesAtMost(parts.settings.itemBytesMax, 'plaintext', plaintext)
    requireAssociatedData(parts, capability, additionalAuthenticatedData)
  },
  async run(use, input) {
    const { capability } = use
    return capability.kind === 'aead'
      ? encryptWith({ ...use, capability }, input)
      : encryptWithPublicKey({ ...use, capability }, input)
  },
})

/** Encrypts many items, each under its own key. */
export const encryptBatch: BatchOperation<EncryptInput & { keyId: string }, EncryptOutput> = {
  operation: encrypt,
  bytesOf: (item) => item.plaintext.length + lengthOf(item.additionalAuthenticatedData),
}

/** Encrypts with a symmetric version, and counts the encryption. The ciphertext describes itself. */
export async function encryptWith(
  { parts, key, version, capability }: VersionInUse<'aead'>,
  { plaintext, additionalAuthenticatedData }: EncryptInput,
): Promise<{ ciphertext: Buffer }> {
  const { encryptionsMax } = capability
  const place = { keyId: key.row.id, versionNumber: version.number }
  if (encryptionsMax !== null && !(await parts.usage.countEncryption(place, encryptionsMax))) {
    throw new EncryptionLimitError(version.number, newVersionRemedy(key.row))
  }
  const header = headerFor(version, capability.formatId)
  const associatedData = additionalAuthenticatedData
    ? Buffer.concat([header, additionalAuthenticatedData])
    : header
  const sealed = capability.seal(await key.secretKey(version), plaintext, associatedData)
  return { ciphertext: Buffer.concat([header, sealed]) }
}

/** Checks that a version may make one more encryption. For operations that first make what they encrypt. */
export async function requireEncryptionLeft({
  parts,
  key,
  version,
  capability: { encryptionsMax },
}: VersionInUse<'aead'>): Promise<void> {
  if (encryptionsMax === null) return
  const place = { keyId: version.keyId, versionNumber: version.number }
  if (await parts.usage.hasEncryptionsLeft(place, encryptionsMax)) return
  throw new EncryptionLimitError(version.number, newVersionRemedy(key.row))
}

/** Checks the length of associated data, and that the algorithm can bind it to a ciphertext. */
export function requireAssociatedData(
  { settings }: Dependencies,
  capability: AeadCapability | PublicKeyEncryptionCapability,
  associatedData: AssociatedData,
): void {
  if (lengthOf(associatedData) === 0) return
  const path = 'additionalAuthenticatedData'
  requireBytesAtMost(settings.itemBytesMax, path, associatedData ?? new Uint8Array())
  requireInput(
    capability.kind === 'aead',
    path,
    'cannot be bound to a ciphertext by this algorithm; use a symmetric key, or leave it out',
  )
}

/** Length of associated data in bytes. */
export function lengthOf(associatedData: AssociatedData): number {
  return associatedData?.length ?? 0
}

function encryptWithPublicKey(
  { key, version, capability }: VersionInUse<'publicKeyEncryption'>,
  { plaintext }: EncryptInput,
): { ciphertext: Buffer } {
  const [algorithm] = capability.encryptionAlgorithms
  if (algorithm === undefined) throw new TypeError('the algorithm table names no padding')
  requireBytesAtMost(capability.plaintextBytesMax(algorithm), 'plaintext', plaintext, ' for this key')
  return { ciphertext: capability.encrypt(key.publicKey(version), plaintext, algorithm) }
}

/** Headers by version in memory: all ciphertexts of a version have the same. */
const headers = new WeakMap<KeyVersionRow, Buffer>()

function headerFor(version: KeyVersionRow, formatId: number): Buffer {
  const known = headers.get(version)
  if (known !== undefined) return known
  const header = encodeHeader({ formatId, keyId: version.keyId, version: version.number })
  headers.set(version, header)
  return header
}
