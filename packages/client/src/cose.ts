import { errorOf } from './error-of.ts'
import type { Operations } from './generated/types.ts'
import { findSigningVersion, type JwsAlgorithm, schemesOf, signWith } from './signature-schemes.ts'

/** `alg` of COSE (RFC 9053, RFC 8812, RFC 9864, and draft-ietf-cose-dilithium for ML-DSA). MACs are no signatures. */
const identifiers = {
  ES256: -7,
  ES384: -35,
  ES512: -36,
  ES256K: -47,
  EdDSA: -8,
  Ed25519: -19,
  Ed448: -53,
  PS256: -37,
  PS384: -38,
  PS512: -39,
  RS256: -257,
  RS384: -258,
  RS512: -259,
  'ML-DSA-44': -48,
  'ML-DSA-65': -49,
  'ML-DSA-87': -50,
} as const satisfies Record<Exclude<JwsAlgorithm, `HS${string}`>, number>

/** Name of an algorithm of COSE, as IANA has it. */
export type CoseAlgorithm = keyof typeof identifiers

/** Options of {@link createCoseSigner}. */
export interface CoseSignerOptions {
  /** A key for signatures: its ID, name or alias. The caller must be allowed to see it in full. */
  readonly key: string
  /** The first that the key has if not given: PS256 for RSA, EdDSA for Edwards curves. */
  readonly alg?: CoseAlgorithm | undefined
}

/** What libraries for COSE take to sign with a key of Keystead. */
export interface CoseSigner {
  /** The algorithm, for header 1 (`alg`). */
  readonly alg: number
  /** ID of the version that signs, in UTF-8, for header 4 (`kid`). */
  readonly kid: Uint8Array<ArrayBuffer>
  /** Signs the bytes of a `Sig_structure` (RFC 9052 §4.4). */
  sign(toBeSigned: BufferSource): Promise<ArrayBuffer>
}

/**
 * Makes a signer for libraries that build COSE messages and leave signing to their caller, such as @transmute/cose and
 * @owf/mdoc. It signs with the default version of the key: after a rotation it fails, and a new one must be made.
 *
 * @example
 * const signer = await createCoseSigner(keystead, { key: 'tokens' })
 * const headers = new Map([[1, signer.alg], [4, signer.kid]])
 */
export async function createCoseSigner(
  client: Pick<Operations, 'userKey' | 'sign' | 'generateMac'>,
  { key, alg }: CoseSignerOptions,
): Promise<CoseSigner> {
  const version = await findSigningVersion(client, key, (reason) => new TypeError(reason))
  const offered = schemesOf(version.algorithm).filter(([name]) => name in identifiers)
  const [name, scheme] = offered.find(([each]) => alg === undefined || each === alg) ?? []
  if (name === undefined || scheme === undefined) {
    const names = offered.map(([each]) => each).join(', ')
    throw new TypeError(
      names === ''
        ? `Key "${key}" has algorithm ${version.algorithm}, which signs nothing. Take a key for signatures.`
        : `Key "${key}" has algorithm ${version.algorithm}, which signs with ${names}, not with ${alg}.`,
    )
  }
  return {
    alg: identifiers[name as CoseAlgorithm],
    // A copy with a buffer of its own: some libraries write buffers, and not views of them.
    kid: Uint8Array.from(new TextEncoder().encode(version.versionId)),
    async sign(toBeSigned) {
      const message = ArrayBuffer.isView(toBeSigned)
        ? new Uint8Array(toBeSigned.buffer as ArrayBuffer, toBeSigned.byteOffset, toBeSigned.byteLength)
        : new Uint8Array(toBeSigned)
      const made = await signWith(client, { key, scheme, message })
      if (made.keyId !== version.keyId || made.versionNumber !== version.versionNumber) {
        const text = `Key "${key}" was rotated: make a new signer, whose kid fits.`
        throw errorOf({ code: 'CONFLICT', message: text }, {})
      }
      return Uint8Array.from(made.signature).buffer
    },
  }
}
