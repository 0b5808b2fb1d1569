import type { AeadCapability, PublicKeyEncryptionCapability } from '../../crypto/capabilities.ts'
import { encodeHeader } from '../../crypto/ciphertext-format.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  type AssociatedInput,
  associatedBytes,
  associatedDataOf,
  associatedPaths,
} from '../rules/encryption-context.ts'
import { EncryptionLimitError } from '../rules/errors.ts'
import { requireBytesAtMost, requireInput } from '../rules/input.ts'
import { defineKeyOperation, type KeyOfInput, newVersionRemedy, type VersionInUse } from './key-operation.ts'
import type { BatchOperation, UsedVersion } from './run-operation.ts'

interface EncryptInput extends AssociatedInput {
  readonly plaintext: Uint8Array
}

export interface EncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
}

/** Encrypts under the default version of a key. */
export const encrypt = defineKeyOperation({
  action: 'ENCRYPT',
  permission: 'ENCRYPT',
  usage: 'ENCRYPT_DECRYPT',
  kinds: ['aead', 'publicKeyEncryption'],
  version: 'default',
  contextOf: ({ context }: EncryptInput) => context,
  checkInput({ parts, capability }, input: EncryptInput) {
    requireBytesAtMost(parts.settings.itemBytesMax, 'plaintext', input.plaintext)
    requireAssociatedData(parts, capability, input)
  },
  async run(use, input) {
    const { capability } = use
    return capability.kind === 'aead'
      ? encryptWith({ ...use, capability }, input)
      : encryptWithPublicKey({ ...use, capability }, input)
  },
})

/** Encrypts many items, each under its own key. */
export const encryptBatch: BatchOperation<EncryptInput & KeyOfInput, EncryptOutput> = {
  operation: encrypt,
  bytesOf: (item) => item.plaintext.length + associatedBytes(item),
}

/** Encrypts with a symmetric version, and counts the encryption. The ciphertext describes itself. */
export async function encryptWith(
  { parts, key, version, capability }: VersionInUse<'aead'>,
  input: EncryptInput,
): Promise<{ ciphertext: Buffer }> {
  const { encryptionsMax } = capability
  const place = { keyId: key.row.id, versionNumber: version.number }
  if (encryptionsMax !== null && !(await parts.usage.countEncryption(place, encryptionsMax))) {
    throw new EncryptionLimitError(version.number, newVersionRemedy(key.row))
  }
  const header = headerFor(version, capability.formatId)
  const associatedData = associatedDataOf(input)
  const sealed = capability.seal(
    await key.secretKey(version),
    input.plaintext,
    associatedData === null ? header : Buffer.concat([header, associatedData]),
  )
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

/**
 * The bytes to authenticate with a ciphertext, beside its header; null for none. None is the same as empty.
 *
 * @param prefix of the names of the two fields in the input, such as `source`
 * @throws InputValidationError unless they are acceptable, and the algorithm can bind them to a ciphertext
 */
export function requireAssociatedData(
  { settings }: Dependencies,
  capability: AeadCapability | PublicKeyEncryptionCapability,
  input: AssociatedInput,
  prefix = '',
): Uint8Array | null {
  const bytes = associatedDataOf(input, prefix)
  if (bytes === null || bytes.length === 0) return null
  const [bytesPath, contextPath] = associatedPaths(prefix)
  const path = input.context ? contextPath : bytesPath
  requireBytesAtMost(settings.itemBytesMax, path, bytes)
  requireInput(
    capability.kind === 'aead',
    path,
    'cannot be bound to a ciphertext by this algorithm; use a symmetric key, or leave it out',
  )
  return bytes
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
