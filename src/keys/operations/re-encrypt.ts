import { sourceKeyDetail } from '../../store/audit/event-pages.ts'
import { findUserKeyFor, requireAccess } from '../parts/request.ts'
import {
  type AssociatedInput,
  associatedBytes,
  associatedDataOf,
  contextDetails,
  detailsOfContext,
} from '../rules/encryption-context.ts'
import { ciphertextOverheadBytes, openUserCiphertext } from './decrypt.ts'
import { encrypt } from './encrypt.ts'
import { requiringRoles } from './key-operation.ts'
import type { BatchOperation, Operation, UsedVersion } from './run-operation.ts'

interface ReEncryptInput {
  readonly ciphertext: Uint8Array
  readonly sourceAdditionalAuthenticatedData?: AssociatedInput['additionalAuthenticatedData']
  readonly sourceContext?: AssociatedInput['context']
  /** Null: the key that made the ciphertext. */
  readonly destinationKeyId?: string | null | undefined
  /** Null for both: the same as for the source. */
  readonly destinationAdditionalAuthenticatedData?: AssociatedInput['additionalAuthenticatedData']
  readonly destinationContext?: AssociatedInput['context']
}

export interface ReEncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
  readonly sourceKeyId: string
  readonly sourceVersion: number
}

/** Decrypts and encrypts again, without disclosing the plaintext. */
export const reEncrypt: Operation<ReEncryptInput, ReEncryptOutput> = {
  action: 'RE_ENCRYPT',
  authorise: requiringRoles('DECRYPT', 'ENCRYPT'),
  async run(request, input) {
    const { ciphertext, destinationKeyId = null } = input
    const source = sourceOf(input)
    const destination = destinationOf(input)
    const details = {
      ...detailsOfContext(destination.context),
      ...detailsOfContext(source.context, contextDetails.source),
    }
    request.context.details = details
    const wanted = { permission: 'ENCRYPT', context: destination.context } as const
    // The destination is checked first: nothing is decrypted that could not be encrypted again.
    const found = destinationKeyId === null ? null : await findUserKeyFor(request, destinationKeyId, wanted)
    const opened = await openUserCiphertext(request, {
      ...source,
      ciphertext,
      prefix: 'source',
      checkInput() {
        associatedDataOf(source, 'source')
        associatedDataOf(destination, 'destination')
      },
    })
    const { plaintext, keyId: sourceKeyId, version: sourceVersion } = opened.output
    request.context.details = {
      ...details,
      sourceKeyId,
      sourceVersion,
      ...(source.context && { [sourceKeyDetail]: opened.key.row.id }),
    }
    try {
      if (found === null) requireAccess(request, opened.key.row, wanted)
      const output = await encrypt.runOn(request, found ?? opened.key, { ...destination, plaintext })
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
    item.ciphertext.length + associatedBytes(sourceOf(item)) + associatedBytes(givenDestinationOf(item)),
  overheadBytes: ciphertextOverheadBytes,
}

function sourceOf(input: ReEncryptInput): AssociatedInput {
  return {
    additionalAuthenticatedData: input.sourceAdditionalAuthenticatedData,
    context: input.sourceContext,
  }
}

function givenDestinationOf(input: ReEncryptInput): AssociatedInput {
  return {
    additionalAuthenticatedData: input.destinationAdditionalAuthenticatedData,
    context: input.destinationContext,
  }
}

function destinationOf(input: ReEncryptInput): AssociatedInput {
  const { additionalAuthenticatedData = null, context = null } = givenDestinationOf(input)
  return additionalAuthenticatedData === null && context === null
    ? sourceOf(input)
    : { additionalAuthenticatedData, context }
}
