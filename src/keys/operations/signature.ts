import type {
  MessageType,
  SignatureCapability,
  SignatureEncoding,
  SignatureParameters,
  SigningAlgorithm,
} from '../../crypto/capabilities.ts'
import { requireBytesAtMost } from '../rules/input.ts'
import {
  defineKeyOperation,
  type KeyInUse,
  type KeyOfInput,
  slowWorkWith,
  type VersionOfInput,
} from './key-operation.ts'
import type { BatchOperation, UsedVersion } from './run-operation.ts'

interface SignInput {
  readonly message: Uint8Array
  readonly messageType: MessageType
  /** Null: the first of the key's algorithm. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  readonly encoding: SignatureEncoding
}

interface VerifyInput extends SignInput {
  readonly signature: Uint8Array
}

export interface SignOutput extends UsedVersion {
  readonly signature: Buffer
  readonly signingAlgorithm: SigningAlgorithm
}

/** Result of verifying a signature or a MAC. */
export interface VerifyOutput extends UsedVersion {
  readonly valid: boolean
}

/** Signs with the default version of a key. */
export const sign = defineKeyOperation({
  action: 'SIGN',
  permission: 'SIGN',
  usage: 'SIGN_VERIFY',
  kinds: ['signature'],
  version: 'default',
  checkInput: (key, input: SignInput) => requireMessageSize(key, input, adviceForSigning),
  async run(use, input) {
    const parameters = parametersOf(use.capability, input)
    const privateKey = await use.key.secretKey(use.version)
    const signature = await use.capability.sign(privateKey, parameters, slowWorkWith(use, 'SIGN'))
    return { signature, signingAlgorithm: parameters.signingAlgorithm }
  },
})

/** Signs many messages, each with its own key. */
export const signBatch: BatchOperation<SignInput & KeyOfInput, SignOutput> = {
  operation: sign,
  bytesOf: ({ message }) => message.length,
}

/** Verifies a signature with the version that the caller names. */
export const verify = defineKeyOperation({
  action: 'VERIFY',
  permission: 'VERIFY',
  usage: 'SIGN_VERIFY',
  kinds: ['signature'],
  version: 'named',
  checkInput: (key, input: VerifyInput) => requireMessageSize(key, input, adviceForVerifying),
  async run(use, input) {
    const parameters = parametersOf(use.capability, input)
    const publicKey = use.key.publicKey(use.version)
    const work = slowWorkWith(use, 'VERIFY')
    const valid = await use.capability.verify(publicKey, parameters, input.signature, work)
    use.context.details = { valid }
    return { valid }
  },
})

/** Verifies many signatures. */
export const verifyBatch: BatchOperation<VerifyInput & VersionOfInput, VerifyOutput> = {
  operation: verify,
  bytesOf: ({ message }) => message.length,
}

function parametersOf(capability: SignatureCapability, input: SignInput): SignatureParameters {
  const { message, messageType, encoding } = input
  return { message, messageType, encoding, signingAlgorithm: schemeOf(capability, input) }
}

function schemeOf(
  { signingAlgorithms: [standard] }: SignatureCapability,
  input: SignInput,
): SigningAlgorithm {
  const scheme = input.signingAlgorithm ?? standard
  if (scheme === undefined) throw new TypeError('the algorithm table names no signature scheme')
  return scheme
}

function requireMessageSize(
  { parts, capability }: KeyInUse<'signature'>,
  input: SignInput,
  adviceFor: (scheme: SigningAlgorithm, capability: SignatureCapability) => string,
): void {
  const { message, messageType } = input
  const advice = messageType === 'DIGEST' ? '' : `; ${adviceFor(schemeOf(capability, input), capability)}`
  requireBytesAtMost(parts.settings.itemBytesMax, 'message', message, advice)
}

/** Advice for a message that is too long to send. */
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
