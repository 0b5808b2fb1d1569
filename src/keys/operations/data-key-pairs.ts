import { dataKeyPairAlgorithms, findAlgorithm } from '../../crypto/algorithms.ts'
import { describePublicKey } from '../../crypto/public-key.ts'
import type { DomainParts } from '../parts/parts.ts'
import type { PublicKeyView } from '../reading/views.ts'
import { slowWorkOf } from '../requests/audit-context.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import { encryptWith, requireAssociatedData, requireEncryptionLeft } from './cipher.ts'
import type { UsedVersion } from './run-operation.ts'
import { type OperationRequest, runOperation } from './run-operation.ts'
import { capabilityFor, defaultVersionForUse } from './usable-version.ts'

export interface GenerateDataKeyPairInput {
  readonly keyId: string
  /** Name in the algorithm table of the pair to make. */
  readonly algorithm: string
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
}

export interface DataKeyPairOutput extends UsedVersion {
  readonly publicKey: PublicKeyView
  /** The private key (PKCS#8 DER), encrypted. */
  readonly privateKeyCiphertext: Buffer
  /** PKCS#8 DER; null unless the caller asked for it. */
  readonly privateKeyPlaintext: Buffer | null
}

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
