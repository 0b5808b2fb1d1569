import { toBase64Url } from './base64.ts'
import type { CallOptions } from './call-options.ts'
import { raceWith } from './deadline.ts'
import { errorOf } from './error-of.ts'
import { UnsupportedJwtError } from './errors.ts'
import type { KeyAlgorithm, Operations } from './generated/types.ts'
import {
  findSigningVersion,
  type JwsAlgorithm,
  type SignatureScheme,
  type SigningVersion,
  schemesOf,
  signWith,
} from './signature-schemes.ts'

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

  function versionOf(key: string): Promise<SigningVersion> {
    const before = known.get(key)
    if (before !== undefined) return before
    const version = findSigningVersion(client, key, (reason) => new UnsupportedJwtError(reason))
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
      const made = await signWith(client, { key, scheme, message }, options)
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
): readonly [string, SignatureScheme] {
  const offered = schemesOf(algorithm)
  const found = offered.find(([name]) => alg === undefined || name === alg)
  if (found !== undefined) return found
  const names = offered.map(([name]) => name).join(', ')
  throw new UnsupportedJwtError(
    names === ''
      ? `Key "${key}" has algorithm ${algorithm}, which signs no JWT. Take a key for signatures or MACs.`
      : `Key "${key}" has algorithm ${algorithm}, which signs with ${names}, not with ${alg}.`,
  )
}
