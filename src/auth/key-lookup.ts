import { errors, type JWTVerifyGetKey } from 'jose'
import { IssuerUnavailableError } from './errors.ts'

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
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported
      throw isFaultOfToken ? error : new IssuerUnavailableError()
    }
  }
}
