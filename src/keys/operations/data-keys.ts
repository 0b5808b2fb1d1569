import { freshRandomBytes } from '../../crypto/random.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import type { DomainParts } from '../parts/parts.ts'
import type { Attempt } from '../requests/audit-context.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import { encryptWith } from './cipher.ts'
import type { UsedVersion } from './run-operation.ts'
import { type OperationRequest, runOperation } from './run-operation.ts'
import { capabilityFor } from './usable-version.ts'

export interface GenerateDataKeyInput {
  readonly keyId: string
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Length of the data key in bytes, 1 to 1,024. */
  readonly bytes: number
}

export interface DataKeyOutput extends UsedVersion {
  readonly ciphertext: Buffer
  /** Null unless the caller asked for it. */
  readonly plaintext: Buffer | null
}

/** Longest data key, in bytes. */
export const dataKeyBytesMax = 1024

/** Makes a data key; its plaintext leaves only if the caller asked for it. */
export function generateDataKey(
  parts: DomainParts,
  call: Call,
  input: GenerateDataKeyInput,
  disclosePlaintext: boolean,
): Promise<DataKeyOutput> {
  return runOperation(parts, call, dataKeyGeneration(parts, call, disclosePlaintext), input)
}

function dataKeyGeneration(
  parts: DomainParts,
  call: Call,
  disclosePlaintext: boolean,
): OperationRequest<GenerateDataKeyInput, DataKeyOutput> {
  return {
    action: 'GENERATE_DATA_KEY',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const key = await findUserKeyFor(parts, call, input.keyId, { permission: 'USE', attempt })
      return generateUnder(parts, key, attempt, { ...input, disclosePlaintext })
    },
  }
}

/** Makes a data key under a key that the caller may use. */
export async function generateUnder(
  parts: DomainParts,
  key: CachedKey,
  attempt: Attempt,
  input: Omit<GenerateDataKeyInput, 'keyId'> & { readonly disclosePlaintext: boolean },
): Promise<DataKeyOutput> {
  const { bytes, additionalAuthenticatedData, disclosePlaintext } = input
  attempt.details = { plaintextDisclosed: disclosePlaintext, bytes }
  capabilityFor(key, 'ENCRYPT_DECRYPT', ['aead'])
  requireInput(bytes >= 1 && bytes <= dataKeyBytesMax, 'bytes', `must be 1 to ${dataKeyBytesMax}`)
  const plaintext = freshRandomBytes(bytes)
  try {
    const output = await encryptWith(parts, key, attempt, { plaintext, additionalAuthenticatedData })
    return { ...output, plaintext: disclosePlaintext ? Buffer.from(plaintext) : null }
  } finally {
    plaintext.fill(0)
  }
}
