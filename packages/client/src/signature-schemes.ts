import type { CallOptions } from './call-options.ts'
import { errorOf } from './error-of.ts'
import type { KeyAlgorithm, Operations, SigningAlgorithm } from './generated/types.ts'

/** How the signature of an algorithm of JOSE is made. */
export type SignatureScheme =
  | {
      readonly signingAlgorithm: SigningAlgorithm
      /** The server takes digests for this scheme, so that it need not get the message. */
      readonly digest?: 'SHA-256' | 'SHA-384' | 'SHA-512'
    }
  | 'mac'

const rsa = {
  PS256: { signingAlgorithm: 'RSASSA_PSS_SHA_256' },
  PS384: { signingAlgorithm: 'RSASSA_PSS_SHA_384' },
  PS512: { signingAlgorithm: 'RSASSA_PSS_SHA_512' },
  RS256: { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256', digest: 'SHA-256' },
  RS384: { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_384', digest: 'SHA-384' },
  RS512: { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_512', digest: 'SHA-512' },
} as const

/**
 * Algorithms of JOSE of the keys that have some, the first of which is taken if none is given (RFC 7518 §3.1, RFC 8037,
 * RFC 8812, RFC 9864, and draft-ietf-cose-dilithium for ML-DSA). COSE has the same names.
 */
const schemes = {
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  EC_P256: { ES256: { signingAlgorithm: 'ECDSA_SHA_256' } },
  EC_P384: { ES384: { signingAlgorithm: 'ECDSA_SHA_384' } },
  EC_P521: { ES512: { signingAlgorithm: 'ECDSA_SHA_512' } },
  EC_SECP256K1: { ES256K: { signingAlgorithm: 'ECDSA_SHA_256' } },
  ED25519: { EdDSA: { signingAlgorithm: 'ED25519' }, Ed25519: { signingAlgorithm: 'ED25519' } },
  ED448: { EdDSA: { signingAlgorithm: 'ED448' }, Ed448: { signingAlgorithm: 'ED448' } },
  ML_DSA_44: { 'ML-DSA-44': { signingAlgorithm: 'ML_DSA_44' } },
  ML_DSA_65: { 'ML-DSA-65': { signingAlgorithm: 'ML_DSA_65' } },
  ML_DSA_87: { 'ML-DSA-87': { signingAlgorithm: 'ML_DSA_87' } },
  HMAC_SHA256: { HS256: 'mac' },
  HMAC_SHA384: { HS384: 'mac' },
  HMAC_SHA512: { HS512: 'mac' },
} as const satisfies Partial<Record<KeyAlgorithm, Readonly<Record<string, SignatureScheme>>>>

/** `alg` of a JWS. */
export type JwsAlgorithm = {
  [Algorithm in keyof typeof schemes]: keyof (typeof schemes)[Algorithm]
}[keyof typeof schemes]

/** The algorithms with which a key signs, or makes MACs. The first one is its default. */
export function schemesOf(algorithm: KeyAlgorithm): readonly (readonly [JwsAlgorithm, SignatureScheme])[] {
  const all: Readonly<Partial<Record<KeyAlgorithm, Readonly<Record<string, SignatureScheme>>>>> = schemes
  return Object.entries(all[algorithm] ?? {}) as [JwsAlgorithm, SignatureScheme][]
}

/** The version of a key that signs now. */
export interface SigningVersion {
  readonly keyId: string
  readonly algorithm: KeyAlgorithm
  readonly versionId: string
  readonly versionNumber: number
}

/**
 * Asks which version of a key signs now.
 *
 * @throws KeyNotFoundError, or what `refuse` makes of a reason
 */
export async function findSigningVersion(
  client: Pick<Operations, 'userKey'>,
  key: string,
  refuse: (reason: string) => Error,
): Promise<SigningVersion> {
  const found = await client.userKey({ key })
  if (found === null) throw errorOf({ code: 'KEY_NOT_FOUND', message: `There is no key "${key}".` }, {})
  const { id: keyId, algorithm, defaultVersion } = found
  if (algorithm === null) throw refuse(`Key "${key}" is redacted for this caller. Ask its owner for access.`)
  if (defaultVersion === null)
    throw refuse(`Key "${key}" has no version yet. Call activateUserKey, or import a version.`)
  return { keyId, algorithm, versionId: defaultVersion.id, versionNumber: defaultVersion.number }
}

/** Signs a message, of which only the digest is sent where that is enough. ECDSA signatures are P1363, as in JOSE and COSE. */
export async function signWith(
  client: Pick<Operations, 'sign' | 'generateMac'>,
  {
    key,
    scheme,
    message,
  }: { readonly key: string; readonly scheme: SignatureScheme; readonly message: Uint8Array<ArrayBuffer> },
  options: CallOptions = {},
): Promise<{ readonly signature: Uint8Array; readonly keyId: string; readonly versionNumber: number }> {
  if (scheme === 'mac') {
    const { mac, ...version } = await client.generateMac({ key, message }, options)
    return { ...version, signature: mac }
  }
  const { signingAlgorithm, digest } = scheme
  const input =
    digest === undefined
      ? ({ message, messageType: 'MESSAGE' } as const)
      : ({
          message: new Uint8Array(await crypto.subtle.digest(digest, message)),
          messageType: 'DIGEST',
        } as const)
  return client.sign({ key, ...input, signingAlgorithm, encoding: 'P1363' }, options)
}
