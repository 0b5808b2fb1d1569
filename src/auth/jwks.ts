import type { JWTVerifyGetKey } from 'jose'
import type { Config } from '../config.ts'
import { createFileKeySource } from './jwks-file.ts'
import { createUrlKeySource } from './jwks-url.ts'

/** The public keys of the configured issuer. */
export function createKeySource(config: Config): JWTVerifyGetKey {
  const lifetimeMs = config.AUTH_JWKS_CACHE_MINUTES * 60_000
  if (config.AUTH_JWKS_FILE !== null) return createFileKeySource(config.AUTH_JWKS_FILE, lifetimeMs)
  if (config.AUTH_JWKS_URL !== null) return createUrlKeySource(config.AUTH_JWKS_URL, lifetimeMs)
  throw new TypeError('the configuration names no keys of the issuer')
}
