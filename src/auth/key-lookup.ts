import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose'
import { IssuerUnavailableError } from './errors.ts'
import type { FetchTrouble } from './fetch-trouble.ts'

/** Location of an issuer's keys: exactly one of the first three. */
export interface KeyLocation {
  readonly jwksUrl: string | null
  readonly jwksFile: string | null
  /** Addresses of the discovery document, which names the address of the keys; the first that answers counts. */
  readonly discoveryUrls: readonly string[] | null
  /** File with the certificate authorities to trust instead of the usual ones. */
  readonly caFile: string | null
  /** File with a token that is sent along, as Kubernetes asks for. */
  readonly bearerTokenFile: string | null
}

/** Location of keys at a URL or in a file, and nothing else. */
export function plainLocation(location: Pick<KeyLocation, 'jwksUrl' | 'jwksFile'>): KeyLocation {
  return { ...location, discoveryUrls: null, caFile: null, bearerTokenFile: null }
}

/** Limits on the use of keys, and callbacks. */
export interface KeyTrust {
  /** How long keys are used before they are read again. */
  readonly lifetimeMs: number
  /** How much longer they are used while they cannot be read. */
  readonly outageMs: number
  /** Called after each fetch. */
  readonly onFetch?: ((succeeded: boolean) => void) | undefined
  /** Called when a fetch or a read has failed. */
  readonly onFailure?: ((trouble: FetchTrouble) => void) | undefined
}

/** Finds the public key of an issuer that a token names. */
export interface KeySource extends JWTVerifyGetKey {
  /**
   * Reads the keys again, at most once in a while: an issuer may publish another key under the same ID. Never rejects; if
   * the read fails, the last keys count. Absent where keys never change.
   */
  readonly refresh?: () => Promise<void>
  /** True if it has a key of this ID now. */
  readonly holds?: (kid: string) => boolean
  /** False until keys were read for the first time. Absent where they are read before the start. */
  readonly hasEverHadKeys?: () => boolean
}

/** Pause after a failed read of the keys, in milliseconds. */
export const failurePauseMs = 2000

/**
 * Wraps a source of keys. That no key fits is the fault of the token. All other errors (no connection, a broken key set)
 * become an IssuerUnavailableError, so that a caller does not take them for a bad token.
 */
export function reportOutages(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keys(header, token)
    } catch (error) {
      const isFaultOfToken =
        error instanceof IssuerUnavailableError ||
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported
      throw isFaultOfToken ? error : new IssuerUnavailableError(failurePauseMs / 1000)
    }
  }
}

/**
 * Verifies a token with the key that it names. If the signature fails, the keys are read again, and the token is verified
 * once more if its key has changed.
 */
export async function verifyWithNewestKey(
  token: string,
  keySource: KeySource,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  const tried: { key?: Awaited<ReturnType<JWTVerifyGetKey>>; asked?: Parameters<JWTVerifyGetKey> } = {}
  const find: JWTVerifyGetKey = async (...asked) => {
    tried.asked = asked
    tried.key = await keySource(...asked)
    return tried.key
  }
  try {
    return await jwtVerify(token, find, options)
  } catch (error) {
    const isWrongKey = error instanceof errors.JWSSignatureVerificationFailed
    if (!isWrongKey || tried.asked === undefined || keySource.refresh === undefined) throw error
    await keySource.refresh()
    const key = await keySource(...tried.asked)
    if (key === tried.key) throw error
    return await jwtVerify(token, async () => key, options)
  }
}
