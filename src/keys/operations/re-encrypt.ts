import { findUserKeyFor } from '../parts/request.ts'
import { ciphertextOverheadBytes, openUserCiphertext } from './decrypt.ts'
import { type AssociatedData, encrypt, lengthOf } from './encrypt.ts'
import { requireRoleToUse } from './key-operation.ts'
import type { BatchOperation, Operation, UsedVersion } from './run-operation.ts'

interface ReEncryptInput {
  readonly ciphertext: Uint8Array
  readonly sourceAdditionalAuthenticatedData?: AssociatedData
  /** Null: the key that made the ciphertext. */
  readonly destinationKeyId?: string | null | undefined
  /** Null: the same as for the source. */
  readonly destinationAdditionalAuthenticatedData?: AssociatedData
}

export interface ReEncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
  readonly sourceKeyId: string
  readonly sourceVersion: number
}

/** Decrypts and encrypts again, without disclosing the plaintext. */
export const reEncrypt: Operation<ReEncryptInput, ReEncryptOutput> = {
  action: 'RE_ENCRYPT',
  authorise: requireRoleToUse,
  async run(request, input) {
    const { destinationKeyId = null, sourceAdditionalAuthenticatedData: associatedData } = input
    // The destination is checked first: nothing is decrypted that could not be encrypted again.
    const destination =
      destinationKeyId === null ? null : await findUserKeyFor(request, destinationKeyId, 'USE')
    const { ciphertext } = input
    const source = await openUserCiphertext(request, { ciphertext, associatedData })
    const { plaintext, keyId: sourceKeyId, version: sourceVersion } = source.output
    request.context.details = { sourceKeyId, sourceVersion }
    try {
      const output = await encrypt.runOn(request, destination ?? source.key, {
        plaintext,
        additionalAuthenticatedData: input.destinationAdditionalAuthenticatedData ?? associatedData,
      })
      return { ...output, sourceKeyId, sourceVersion }
    } finally {
      plaintext.fill(0)
    }
  },
}

/** Re-encrypts many items. */
export const reEncryptBatch: BatchOperation<ReEncryptInput, ReEncryptOutput> = {
  operation: reEncrypt,
  bytesOf: (item) =>
    item.ciphertext.length +
    lengthOf(item.sourceAdditionalAuthenticatedData) +
    lengthOf(item.destinationAdditionalAuthenticatedData),
  overheadBytes: ciphertextOverheadBytes,
}
