import type { CachedKey } from '../../keyring/key-cache.ts'
import { sourceOnRecordDetail } from '../../store/audit/usage-rows.ts'
import { findUserKeyFor, requireAccess, startAuditContext } from '../parts/request.ts'
import {
  type AssociatedInput,
  associatedBytes,
  associatedDataOf,
  associatedPaths,
  contextDetails,
  detailsOfContext,
} from '../rules/encryption-context.ts'
import { requireBytesAtMost } from '../rules/input.ts'
import { ciphertextOverheadBytes, type OpenedCiphertext, openUserCiphertext } from './decrypt.ts'
import { encrypt } from './encrypt.ts'
import { requiringRoles } from './key-operation.ts'
import type { BatchOperation, Operation, OperationRequest, UsedVersion } from './run-operation.ts'

interface ReEncryptInput {
  readonly ciphertext: Uint8Array
  readonly sourceAdditionalAuthenticatedData?: AssociatedInput['additionalAuthenticatedData']
  readonly sourceContext?: AssociatedInput['context']
  /** Null: the key that made the ciphertext. */
  readonly destinationKey?: string | null | undefined
  /** Null for both: the same as for the source. */
  readonly destinationAdditionalAuthenticatedData?: AssociatedInput['additionalAuthenticatedData']
  readonly destinationContext?: AssociatedInput['context']
}

export interface ReEncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
  readonly sourceKeyId: string
  readonly sourceVersionNumber: number
}

/** Decrypts and encrypts again, without disclosing the plaintext. */
export const reEncrypt: Operation<ReEncryptInput, ReEncryptOutput> = {
  action: 'RE_ENCRYPT',
  authorise: requiringRoles('DECRYPT', 'ENCRYPT'),
  async run(request, input) {
    const { context } = request
    const { destinationKey = null } = input
    const destination = destinationOf(input)
    context.details = detailsOfContext(destination.context)
    const wanted = { permission: 'ENCRYPT', context: destination.context } as const
    // The destination is checked first: nothing is decrypted that could not be encrypted again.
    const found = destinationKey === null ? null : await findUserKeyFor(request, destinationKey, wanted)
    const source = await openSource(request, input, {
      destination: found,
      check(key) {
        if (found === null) requireAccess(request, key.row, wanted)
        associatedDataOf(sourceOf(input), 'source')
        const bytes = associatedDataOf(destination, 'destination')
        const [bytesPath] = associatedPaths('destination')
        if (bytes !== null) requireBytesAtMost(request.parts.settings.itemBytesMax, bytesPath, bytes)
      },
    })
    const { plaintext, keyId: sourceKeyId, versionNumber: sourceVersionNumber } = source.output
    const onRecord = context.secondKey === null ? {} : { [sourceOnRecordDetail]: true }
    context.details = { ...context.details, sourceKeyId, sourceVersion: sourceVersionNumber, ...onRecord }
    try {
      const output = await encrypt.runOn(request, found ?? source.key, null, { ...destination, plaintext })
      return { ...output, sourceKeyId, sourceVersionNumber }
    } finally {
      plaintext.fill(0)
    }
  },
}

/**
 * Opens the ciphertext. The key that it was under has an event of its own, with its context, if it is not the destination
 * too: those who read the trail of that key may not see the destination.
 */
async function openSource(
  request: OperationRequest,
  input: ReEncryptInput,
  { destination, check }: { destination: CachedKey | null; check: (key: CachedKey) => void },
): Promise<OpenedCiphertext> {
  const { context } = request
  const source = sourceOf(input)
  const opening = startAuditContext(context.actor, 'RE_ENCRYPT_FROM', context)
  opening.details = detailsOfContext(source.context)
  const wanted = { ...source, ciphertext: input.ciphertext, prefix: 'source', checkKey: check }
  let isOpen = false
  try {
    const opened = await openUserCiphertext({ ...request, context: opening }, wanted)
    isOpen = true
    return opened
  } finally {
    const isOneKey = destination === null || destination.row.id === opening.keyId
    if (opening.keyId !== null && isOneKey) {
      context.keyId = opening.keyId
      context.algorithm = opening.algorithm
      context.details = { ...context.details, ...detailsOfContext(source.context, contextDetails.source) }
      // Of what is encrypted, the version is not known yet.
      context.versionNumber = isOpen ? null : opening.versionNumber
    } else if (opening.keyId !== null) context.secondKey = opening
  }
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
