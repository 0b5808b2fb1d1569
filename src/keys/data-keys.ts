import { freshRandomBytes } from '../crypto/random.ts'
import type { CachedKey } from '../keyring/key-cache.ts'
import type { Attempt } from './attempt.ts'
import { requireRoleFor } from './authorise.ts'
import type { Call } from './caller.ts'
import { encryptWith } from './cipher.ts'
import type { DataKeyOutput, GenerateDataKeyInput } from './domain.ts'
import type { DomainParts } from './domain-parts.ts'
import { findUserKeyFor } from './find-key.ts'
import { requireInput } from './input.ts'
import { type OperationRequest, runOperation } from './operation.ts'
import { capabilityFor } from './usable-version.ts'

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
