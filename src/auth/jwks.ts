import { readFileSync, statSync } from 'node:fs'
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Config } from '../config.ts'
import { IssuerUnavailableError } from './errors.ts'

/** How long a fetch of the issuer's keys may take, and how often an unknown key ID may cause one. */
const fetchTimeoutMs = 5000
const fetchCooldownMs = 10_000

/** How often a file of keys is looked at for changes. */
const fileCheckMs = 1000

/** The public keys of the configured issuer. */
export function createKeySource(config: Config): JWTVerifyGetKey {
  if (config.AUTH_JWKS_FILE !== null) return createFileKeySource(config.AUTH_JWKS_FILE)
  if (config.AUTH_JWKS_URL !== null) {
    return createUrlKeySource(config.AUTH_JWKS_URL, config.AUTH_JWKS_CACHE_MINUTES * 60_000)
  }
  throw new TypeError('the configuration names no keys of the issuer')
}

/** Keys at an address: fetched when first needed, when they are old, and when a token names an unknown key. */
export function createUrlKeySource(url: string, cacheLifetimeMs: number): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: fetchCooldownMs,
    cacheMaxAge: cacheLifetimeMs,
  })
  return async (header, token) => {
    try {
      return await keys(header, token)
    } catch (error) {
      // No key of this ID is the token's fault; everything else is between this server and the issuer.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        throw error
      throw new IssuerUnavailableError()
    }
  }
}

/** Keys in a file, which is read again when it changes. */
export function createFileKeySource(path: string): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | null = null
  let modifiedMs = Number.NaN
  let checkedMs = Number.NEGATIVE_INFINITY

  function refresh(): JWTVerifyGetKey {
    const nowMs = performance.now()
    if (keys !== null && nowMs - checkedMs < fileCheckMs) return keys
    const { mtimeMs } = statSync(path)
    if (keys === null || mtimeMs !== modifiedMs) {
      keys = createLocalJWKSet(JSON.parse(readFileSync(path, 'utf8')) as JSONWebKeySet)
      modifiedMs = mtimeMs
    }
    checkedMs = nowMs
    return keys
  }

  return async (header, token) => {
    let current: JWTVerifyGetKey
    try {
      current = refresh()
    } catch {
      throw new IssuerUnavailableError()
    }
    return current(header, token)
  }
}
