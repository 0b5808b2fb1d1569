import { toBase64Url } from './base64.ts'
import type { CallOptions } from './call-options.ts'
import { raceWith } from './deadline.ts'
import { errorOf } from './error-of.ts'
import { UnsupportedJwtError } from './errors.ts'
import type { KeyAlgorithm, Operations, SigningAlgorithm } from './generated/types.ts'

/** How the signature of a JWS algorithm is made. */
type JwsScheme =
  | {
      readonly signingAlgorithm: SigningAlgorithm
      /** The server takes digests for this scheme, so that it need not get the payload. */
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
 * JWS algorithms of the keys that have some, the first of which is taken if none is given (RFC 7518 §3.1, RFC 8037,
 * RFC 8812, RFC 9864, and draft-ietf-cose-dilithium for ML-DSA).
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
} as const satisfies Partial<Record<KeyAlgorithm, Readonly<Record<string, JwsScheme>>>>

/** `alg` of a JWS. */
export type JwsAlgorithm = {
  [Algorithm in keyof typeof schemes]: keyof (typeof schemes)[Algorithm]
}[keyof typeof schemes]

/** Options of `signJwt`. */
export interface SignJwtOptions extends CallOptions {
  /** A key for signatures or MACs: its ID, name or alias. The caller must be allowed to see it in full. */
  readonly key: string
  /** The first that the key has if not given: PS256 for RSA, EdDSA for Edwards curves. */
  readonly alg?: JwsAlgorithm | string | undefined
  /** Further members of the header, such as `typ`, which is `JWT` in JWTs if not given. */
  readonly header?: Readonly<Record<string, unknown>> | undefined
}

/** Options of `signJws`. */
export interface SignJwsOptions extends SignJwtOptions {
  /** Leaves the payload out (RFC 7515 Appendix F). Who verifies puts it back. */
  readonly detached?: boolean | undefined
}

/** Signs a JWT. Claims are taken as they are: set `exp` yourself. */
export type SignJwt = (payload: Readonly<Record<string, unknown>>, options: SignJwtOptions) => Promise<string>

/** Signs bytes as a JWS in compact form. */
export type SignJws = (payload: Uint8Array, options: SignJwsOptions) => Promise<string>

/** The version of a key that signs now. */
interface SigningVersion {
  readonly keyId: string
  readonly algorithm: KeyAlgorithm
  readonly versionId: string
  readonly versionNumber: number
}

type Signer = Pick<Operations, 'userKey' | 'sign' | 'generateMac'>

const encoder = new TextEncoder()
/** Keys whose current versions are remembered. */
const knownMax = 1000
/** A rotation between two steps is rare, and two are hardly a coincidence. */
const attemptsMax = 3

/**
 * Makes `signJwt` and `signJws`. `kid` is the ID of the version, as in the JWKs of the server. The version is remembered: a
 * signature says which one made it, and one of another version is not given out.
 */
export function createJwsSigner(client: Signer): { readonly signJwt: SignJwt; readonly signJws: SignJws } {
  const known = new Map<string, Promise<SigningVersion>>()

  async function look(key: string): Promise<SigningVersion> {
    const found = await client.userKey({ key })
    if (found === null) throw errorOf({ code: 'KEY_NOT_FOUND', message: `There is no key "${key}".` }, {})
    const { id: keyId, algorithm, defaultVersion } = found
    if (algorithm === null) {
      throw new UnsupportedJwtError(`Key "${key}" is redacted for this caller. Ask its owner for access.`)
    }
    if (defaultVersion === null) {
      throw new UnsupportedJwtError(
        `Key "${key}" has no version yet. Call activateUserKey, or import a version.`,
      )
    }
    return { keyId, algorithm, versionId: defaultVersion.id, versionNumber: defaultVersion.number }
  }

  function versionOf(key: string): Promise<SigningVersion> {
    const before = known.get(key)
    if (before !== undefined) return before
    const version = look(key)
    known.set(key, version)
    version.catch(() => forget(key, version))
    const [oldest] = known.keys()
    if (known.size > knownMax && oldest !== undefined) known.delete(oldest)
    return version
  }

  function forget(key: string, version: Promise<SigningVersion>): void {
    if (known.get(key) === version) known.delete(key)
  }

  async function signJws(
    payload: Uint8Array,
    { key, alg, header = {}, detached = false, ...options }: SignJwsOptions,
  ): Promise<string> {
    if (!(payload instanceof Uint8Array)) {
      throw new TypeError(
        'The payload of a JWS must be a Uint8Array. Use new TextEncoder().encode(text) for text.',
      )
    }
    requireFreeNames(header)
    const body = toBase64Url(payload)
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const version = versionOf(key)
      const waited = options.signal === undefined ? version : raceWith(version, options.signal)
      const { keyId, algorithm, versionId, versionNumber } = await waited
      const [name, scheme] = schemeOf(key, algorithm, alg)
      const head = toBase64Url(encoder.encode(JSON.stringify({ ...header, alg: name, kid: versionId })))
      const message = encoder.encode(`${head}.${body}`)
      const made = await sign(client, { key, scheme, message }, options)
      if (made.keyId === keyId && made.versionNumber === versionNumber)
        return `${head}.${detached ? '' : body}.${toBase64Url(made.signature)}`
      // The key was rotated, or its alias stands for another one: the header names a version that did not sign.
      forget(key, version)
    }
    throw errorOf({ code: 'CONFLICT', message: `Key "${key}" keeps being rotated. Try again.` }, {})
  }

  return {
    signJws,
    async signJwt(payload, { header, ...options }) {
      if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
        throw new TypeError('The payload of a JWT must be an object of claims.')
      }
      const claims = encoder.encode(JSON.stringify(payload))
      return signJws(claims, { ...options, header: { typ: 'JWT', ...header } })
    },
  }
}

function requireFreeNames(header: Readonly<Record<string, unknown>>): void {
  for (const name of ['alg', 'kid', 'b64', 'crit']) {
    if (name in header)
      throw new TypeError(
        `header must not have ${name}: alg and kid are those of the key, and b64 and crit are not supported.`,
      )
  }
}

function schemeOf(
  key: string,
  algorithm: KeyAlgorithm,
  alg: string | undefined,
): readonly [string, JwsScheme] {
  const of =
    (schemes as Readonly<Partial<Record<KeyAlgorithm, Readonly<Record<string, JwsScheme>>>>>)[algorithm] ?? {}
  const found = Object.entries(of).find(([name]) => alg === undefined || name === alg)
  if (found !== undefined) return found
  const names = Object.keys(of).join(', ')
  throw new UnsupportedJwtError(
    names === ''
      ? `Key "${key}" has algorithm ${algorithm}, which signs no JWT. Take a key for signatures or MACs.`
      : `Key "${key}" has algorithm ${algorithm}, which signs with ${names}, not with ${alg}.`,
  )
}

async function sign(
  client: Signer,
  {
    key,
    scheme,
    message,
  }: { readonly key: string; readonly scheme: JwsScheme; readonly message: Uint8Array<ArrayBuffer> },
  options: CallOptions,
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
