import type { Config } from '../config.ts'
import type { FetchTrouble } from './fetch-trouble.ts'
import { readIssuersFile } from './issuers-file.ts'
import { createFileKeySource } from './jwks-file.ts'
import { createUrlKeySource, discoveredKeys, keysAt } from './jwks-url.ts'
import { type KeyLocation, type KeySource, type KeyTrust, plainLocation } from './key-lookup.ts'
import { type ListedIssuer, mainIssuerRules, type TrustedIssuer } from './trusted-issuer.ts'

/** A failed fetch of an issuer's keys. */
export interface IssuerTrouble extends FetchTrouble {
  readonly issuer: string
  /** Name of its entry in the issuers file. */
  readonly entry: string
}

/** Callbacks for fetches of keys. */
export interface FetchObserver {
  readonly onFetch?: ((succeeded: boolean, entry: string) => void) | undefined
  readonly onFailure?: ((trouble: IssuerTrouble) => void) | undefined
  /** Called with a warning for the operator. */
  readonly warn?: ((text: string) => void) | undefined
}

const firstFormWarning =
  'the file of AUTH_ISSUERS_FILE is of the first form, which is still read; docs/tokens.md describes the form with rules ("version": 2)'

/** Builds all trusted issuers of the settings, each with its own source of keys. */
export function createTrustedIssuers(
  config: Config,
  { onFetch, onFailure, warn }: FetchObserver = {},
): readonly (TrustedIssuer & KeyLocation)[] {
  const { AUTH_ISSUER, AUTH_JWKS_URL: jwksUrl, AUTH_JWKS_FILE: jwksFile, AUTH_ISSUERS_FILE } = config
  const main =
    AUTH_ISSUER === null
      ? []
      : [{ ...mainIssuerRules(AUTH_ISSUER, config), ...plainLocation({ jwksUrl, jwksFile }) }]
  const further = AUTH_ISSUERS_FILE === null ? null : readIssuersFile(AUTH_ISSUERS_FILE, config)
  if (further?.form === 'claims') warn?.(firstFormWarning)
  const issuers = [...main, ...(further?.issuers ?? [])]
  const sources = new Map<string, KeySource>()
  function sourceOf(issuer: ListedIssuer): KeySource {
    const location = locationOf(issuer)
    const known = sources.get(location)
    if (known !== undefined) return known
    const entries = issuers.filter((each) => locationOf(each) === location).map(({ name }) => name)
    const source = createKeySource(issuer, config, {
      onFetch(succeeded) {
        for (const entry of entries) onFetch?.(succeeded, entry)
      },
      onFailure: (trouble) =>
        onFailure?.({ issuer: issuer.issuer ?? issuer.name, entry: issuer.name, ...trouble }),
    })
    sources.set(location, source)
    return source
  }
  return issuers.map((issuer) => ({ ...issuer, keySource: sourceOf(issuer) }))
}

/**
 * Where the keys of an entry come from, as one string. Entries with the same keys share a source, so that they agree on the
 * keys that there are: the order of the file decides between them, not what each has fetched.
 */
function locationOf({
  jwksFile,
  jwksUrl,
  discoveryUrls,
  issuer,
  caFile,
  bearerTokenFile,
}: ListedIssuer): string {
  return JSON.stringify([jwksFile ?? jwksUrl ?? [issuer, ...(discoveryUrls ?? [])], caFile, bearerTokenFile])
}

/** Fetches the keys of entries that never had any, in the background and with the pauses of their sources. Returns how many there are. */
export function fetchMissingKeys(issuers: readonly Pick<TrustedIssuer, 'keySource'>[]): number {
  const keyless = issuers.filter(({ keySource }) => keySource.hasEverHadKeys?.() === false)
  for (const { keySource } of keyless) void keySource.refresh?.()
  return keyless.length
}

/** Builds the source of an issuer's public keys. */
export function createKeySource(
  { jwksFile, jwksUrl, discoveryUrls, issuer, ...means }: KeyLocation & { readonly issuer: string | null },
  config: Config,
  observer: Pick<KeyTrust, 'onFetch' | 'onFailure'> = {},
): KeySource {
  const trust = {
    ...observer,
    lifetimeMs: config.AUTH_JWKS_CACHE_MINUTES * 60_000,
    outageMs: config.AUTH_JWKS_OUTAGE_MINUTES * 60_000,
  }
  if (jwksFile !== null) return createFileKeySource(jwksFile, trust)
  if (jwksUrl !== null) return createUrlKeySource(keysAt(jwksUrl, means), trust)
  if (discoveryUrls !== null && issuer !== null) {
    return createUrlKeySource(discoveredKeys({ issuer, urls: discoveryUrls }, means), trust)
  }
  throw new TypeError('the configuration names no keys of the issuer')
}
