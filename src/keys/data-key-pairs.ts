import { dataKeyPairAlgorithms, findAlgorithm } from '../crypto/algorithms.ts'
import { describePublicKey } from '../crypto/public-key.ts'
import { slowWorkOf } from './attempt.ts'
import { requireRoleFor } from './authorise.ts'
import type { Call } from './caller.ts'
import { encryptWith, requireAssociatedData, requireEncryptionLeft } from './cipher.ts'
import type { DataKeyPairOutput, GenerateDataKeyPairInput } from './domain.ts'
import type { DomainParts } from './domain-parts.ts'
import { findUserKeyFor } from './find-key.ts'
import { requireInput } from './input.ts'
import { type OperationRequest, runOperation } from './operation.ts'
import { capabilityFor, defaultVersionForUse } from './usable-version.ts'

/** Makes a key pair for use elsewhere; its private key leaves encrypted, and plain only if the caller asked for it. */
export function generateDataKeyPair(
  parts: DomainParts,
  call: Call,
  input: GenerateDataKeyPairInput,
  disclosePlaintext: boolean,
): Promise<DataKeyPairOutput> {
  const request: OperationRequest<GenerateDataKeyPairInput, DataKeyPairOutput> = {
    action: 'GENERATE_DATA_KEY_PAIR',
    authorise: () => requireRoleFor(call, 'USE'),
    async run({ keyId, algorithm, additionalAuthenticatedData }, attempt) {
      const key = await findUserKeyFor(parts, call, keyId, { permission: 'USE', attempt })
      attempt.details = { plaintextDisclosed: disclosePlaintext, algorithm }
      const capability = capabilityFor(key, 'ENCRYPT_DECRYPT', ['aead'])
      const entry = dataKeyPairAlgorithms.includes(algorithm) ? findAlgorithm(algorithm) : undefined
      requireInput(entry !== undefined, 'algorithm', 'must be one of which pairs can be made')
      requireAssociatedData(parts, capability, additionalAuthenticatedData)
      // Before the pair is made, which takes long for RSA.
      const version = await defaultVersionForUse(key, parts.clock.certainNow())
      await requireEncryptionLeft(parts, capability, { key, version })
      const work = slowWorkOf(parts, attempt, { algorithm, operation: 'GENERATE' })
      const { secret, publicKey } = (await entry?.generate(work)) ?? {}
      if (secret === undefined || !publicKey) throw new TypeError('an asymmetric algorithm makes pairs')
      try {
        const sealed = await encryptWith(parts, key, attempt, {
          plaintext: secret,
          additionalAuthenticatedData,
        })
        const { ciphertext: privateKeyCiphertext, ...used } = sealed
        return {
          ...used,
          publicKey: { ...(await describePublicKey(publicKey)), algorithm },
          privateKeyCiphertext,
          privateKeyPlaintext: disclosePlaintext ? Buffer.from(secret) : null,
        }
      } finally {
        secret.fill(0)
      }
    },
  }
  return runOperation(parts, call, request, input)
}
