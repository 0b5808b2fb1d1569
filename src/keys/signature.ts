import type { SignatureCapability, SignatureParameters, SigningAlgorithm } from '../crypto/capabilities.ts'
import { slowWorkOf } from './attempt.ts'
import { requireRoleFor } from './authorise.ts'
import type { Call } from './caller.ts'
import type { BatchOutput, SignInput, SignOutput, VerifyInput, VerifyOutput } from './domain.ts'
import type { DomainParts } from './domain-parts.ts'
import { findUserKeyFor } from './find-key.ts'
import { requireInput } from './input.ts'
import { type OperationRequest, runBatch, runOperation } from './operation.ts'
import { capabilityFor, defaultVersionForUse, findVersion, versionForUse } from './usable-version.ts'
import { keyIdOf } from './view-builder.ts'

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
