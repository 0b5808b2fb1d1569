import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose'
import { IssuerUnavailableError } from './errors.ts'
import type { FetchTrouble } from './fetch-trouble.ts'

/** Where an issuer's keys are: one of the two. */
export interface KeyPlace {
  readonly jwksUrl: string | null
  readonly jwksFile: string | null
}

/** How long keys are trusted. */
export interface KeyTrust {
  /** Without a new look, while there can be one. */
  readonly lifetimeMs: number
  /** How much longer, while there cannot. */
  readonly outageMs: number
  /** Told of each fetch of keys, whether there were any. */
  readonly onFetch?: ((succeeded: boolean) => void) | undefined
  /** Told why a fetch failed. */
  readonly onFailure?: ((trouble: FetchTrouble) => void) | undefined
}

/** Finds the public key of an issuer that a token names. */
export interface KeySource extends JWTVerifyGetKey {
  /**
   * Looks for newer keys, unless that was done a short time ago: an issuer may publish another key under the same ID.
   * Does not fail: without newer keys, those at hand count. Absent where keys never change.
   */
  readonly lookAgain?: () => Promise<void>
}

/** How soon after a failed look at the keys of an issuer there is another, in milliseconds. */
export const failurePauseMs = 2000

/**
 * A key source that tells whose fault it is: that no key fits is the token's. Everything else (no connection, a broken
 * key set) is between this server and the issuer, an IssuerUnavailableError: a caller must not take it for a bad token.
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
 * Verifies a token with the key that it names. If its signature fails, the source looks for newer keys, and the token is
 * verified once more if its key is another one then.
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
    if (!isWrongKey || tried.asked === undefined || keySource.lookAgain === undefined) throw error
    await keySource.lookAgain()
    const key = await keySource(...tried.asked)
    if (key === tried.key) throw error
    return await jwtVerify(token, async () => key, options)
  }
}
