import type {
  MessageType,
  SignatureCapability,
  SignatureEncoding,
  SignatureParameters,
  SigningAlgorithm,
} from '../../crypto/capabilities.ts'
import type { DomainParts } from '../parts/parts.ts'
import { keyIdOf } from '../reading/make-views.ts'
import { slowWorkOf } from '../requests/audit-context.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import type { BatchOutput, UsedVersion } from './run-operation.ts'
import { type OperationRequest, runBatch, runOperation } from './run-operation.ts'
import { capabilityFor, defaultVersionForUse, findVersion, versionForUse } from './usable-version.ts'

export interface SignInput {
  readonly keyId: string
  readonly message: Uint8Array
  readonly messageType: MessageType
  /** Null: the first of the key's algorithm. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  readonly encoding: SignatureEncoding
}

export interface VerifyInput extends SignInput {
  readonly version: number
  readonly signature: Uint8Array
}

export interface SignOutput extends UsedVersion {
  readonly signature: Buffer
  readonly signingAlgorithm: SigningAlgorithm
}

export interface VerifyOutput extends UsedVersion {
  readonly valid: boolean
}

/** Signs with the default version of a key. */
export function sign(parts: DomainParts, call: Call, input: SignInput): Promise<SignOutput> {
  return runOperation(parts, call, signing(parts, call), input)
}

/** Signs many messages, each with its own key. */
export function signBatch(
  parts: DomainParts,
  call: Call,
  items: readonly SignInput[],
): Promise<BatchOutput<SignOutput>> {
  return runBatch(parts, call, signing(parts, call), { items, sizeOf: (item) => item.message.length })
}

/** Verifies a signature with the version that the caller names. */
export function verify(parts: DomainParts, call: Call, input: VerifyInput): Promise<VerifyOutput> {
  return runOperation(parts, call, verification(parts, call), input)
}

/** Verifies many signatures. */
export function verifyBatch(
  parts: DomainParts,
  call: Call,
  items: readonly VerifyInput[],
): Promise<BatchOutput<VerifyOutput>> {
  return runBatch(parts, call, verification(parts, call), { items, sizeOf: (item) => item.message.length })
}

function signing(parts: DomainParts, call: Call): OperationRequest<SignInput, SignOutput> {
  return {
    action: 'SIGN',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const key = await findUserKeyFor(parts, call, input.keyId, { permission: 'USE', attempt })
      const capability = capabilityFor(key, 'SIGN_VERIFY', ['signature'])
      const parameters = parametersOf(parts, capability, input, adviceForSigning)
      const version = await defaultVersionForUse(key, parts.clock.certainNow())
      attempt.versionNumber = version.number
      const work = slowWorkOf(parts, attempt, { algorithm: key.row.algorithm, operation: 'SIGN' })
      const signature = await capability.sign(await key.secretKey(version), parameters, work)
      const { signingAlgorithm } = parameters
      return { keyId: keyIdOf(key.row), version: version.number, signature, signingAlgorithm }
    },
  }
}

function verification(parts: DomainParts, call: Call): OperationRequest<VerifyInput, VerifyOutput> {
  return {
    action: 'VERIFY',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const key = await findUserKeyFor(parts, call, input.keyId, { permission: 'USE', attempt })
      const capability = capabilityFor(key, 'SIGN_VERIFY', ['signature'])
      const parameters = parametersOf(parts, capability, input, adviceForVerifying)
      const row = await findVersion(key, input.version)
      attempt.versionNumber = row.number
      const version = versionForUse(key, row, parts.clock.certainNow())
      const work = slowWorkOf(parts, attempt, { algorithm: key.row.algorithm, operation: 'VERIFY' })
      const valid = await capability.verify(key.publicKey(version), parameters, input.signature, work)
      attempt.details = { valid }
      return { keyId: keyIdOf(key.row), version: version.number, valid }
    },
  }
}

function parametersOf(
  parts: DomainParts,
  capability: SignatureCapability,
  input: SignInput,
  adviceFor: (scheme: SigningAlgorithm, capability: SignatureCapability) => string,
): SignatureParameters {
  const { itemBytesMax } = parts.settings
  const { message, messageType, encoding } = input
  const signingAlgorithm = input.signingAlgorithm ?? capability.signingAlgorithms[0]
  if (signingAlgorithm === undefined) throw new TypeError('the algorithm table names no signature scheme')
  const advice = messageType === 'DIGEST' ? '' : `; ${adviceFor(signingAlgorithm, capability)}`
  requireInput(message.length <= itemBytesMax, 'message', `must have at most ${itemBytesMax} bytes${advice}`)
  return { message, messageType, encoding, signingAlgorithm }
}

/** What to do with a message that is too long to be sent. */
function adviceForSigning(
  scheme: SigningAlgorithm,
  { digestSigningAlgorithms }: SignatureCapability,
): string {
  if (digestSigningAlgorithms.includes(scheme)) return 'sign the digest of a longer one (messageType: DIGEST)'
  const [other] = digestSigningAlgorithms
  return other === undefined
    ? 'of a longer one, sign a hash as if it were the message, and have it verified so (this key signs no digests)'
    : `sign the digest of a longer one (messageType: DIGEST, signingAlgorithm: ${other})`
}

function adviceForVerifying(
  scheme: SigningAlgorithm,
  { digestSigningAlgorithms }: SignatureCapability,
): string {
  return digestSigningAlgorithms.includes(scheme)
    ? 'give the digest of a longer one (messageType: DIGEST)'
    : 'verify the signature of a longer one with the public key of the version, in your own software'
}
