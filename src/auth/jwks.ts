import type { Config } from '../config.ts'
import type { FetchTrouble } from './fetch-trouble.ts'
import { readIssuersFile } from './issuers-file.ts'
import { createFileKeySource } from './jwks-file.ts'
import { createUrlKeySource } from './jwks-url.ts'
import type { KeyLocation, KeySource, KeyTrust } from './key-lookup.ts'
import { mainIssuerRules, type TrustedIssuer } from './trusted-issuer.ts'

/** Callbacks for fetches of keys. */
export interface FetchObserver {
  readonly onFetch?: KeyTrust['onFetch']
  readonly onFailure?: ((trouble: FetchTrouble & { readonly issuer: string }) => void) | undefined
}

/** Builds all trusted issuers of the settings, each with its own source of keys. */
export function createTrustedIssuers(
  config: Config,
  { onFetch, onFailure }: FetchObserver = {},
): readonly TrustedIssuer[] {
  const { AUTH_ISSUER, AUTH_JWKS_URL: jwksUrl, AUTH_JWKS_FILE: jwksFile, AUTH_ISSUERS_FILE } = config
  const main = AUTH_ISSUER === null ? [] : [{ ...mainIssuerRules(AUTH_ISSUER, config), jwksUrl, jwksFile }]
  const further = AUTH_ISSUERS_FILE === null ? [] : readIssuersFile(AUTH_ISSUERS_FILE, config)
  return [...main, ...further].map((issuer) => ({
    ...issuer,
    keySource: createKeySource(issuer, config, {
      onFetch,
      onFailure: (trouble) => onFailure?.({ issuer: issuer.issuer, ...trouble }),
    }),
  }))
}

/** Builds the source of an issuer's public keys. */
export function createKeySource(
  { jwksFile, jwksUrl }: KeyLocation,
  config: Config,
  observer: Pick<KeyTrust, 'onFetch' | 'onFailure'> = {},
): KeySource {
  const trust = {
    ...observer,
    lifetimeMs: config.AUTH_JWKS_CACHE_MINUTES * 60_000,
    outageMs: config.AUTH_JWKS_OUTAGE_MINUTES * 60_000,
  }
  if (jwksFile !== null) return createFileKeySource(jwksFile, trust)
  if (jwksUrl !== null) return createUrlKeySource(jwksUrl, trust)
  throw new TypeError('the configuration names no keys of the issuer')
}
