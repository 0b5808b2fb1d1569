import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JSONWebKeySet } from 'jose'
import { type Discovery, discoverKeysUrl, meansForKeys } from './discovery.ts'
import { IssuerUnavailableError } from './errors.ts'
import { type FetchMeans, type FetchOptions, fetchText } from './fetch-text.ts'
import { BadAnswerError, fetchTroubleOf } from './fetch-trouble.ts'
import { failurePauseMs, type KeySource, type KeyTrust, reportOutages } from './key-lookup.ts'
import { parseKeySet } from './key-set.ts'

/** Timeout of a fetch, in milliseconds. */
const fetchTimeoutMs = 5000

/** The part of it that the discovery document may take, so that the keys can be fetched from the last address. */
const documentTimeoutMs = 2000

/**
 * Shortest time between two fetches because of tokens, in milliseconds: a flood of made-up tokens must not reach the issuer.
 * Unknown keys and failed signatures have a pause each.
 */
const tokenPauseMs = 10_000

/** Fetches because of unknown keys that need no pause: a provider may rotate its keys right after a fetch. */
const burstMax = 3

/** Address of keys, or the discovery document that names it, and what is sent along. */
export interface RemoteKeys {
  /** Shown in warnings. */
  readonly url: string
  readonly read: (options: FetchOptions) => Promise<string>
}

/** Keys at an address. */
export function keysAt(url: string, means: FetchMeans = { caFile: null, bearerTokenFile: null }): RemoteKeys {
  return { url, read: (options) => fetchText(url, options, means) }
}

/**
 * Keys whose address a discovery document names. The document is fetched with the keys, so that a new address is noticed. While
 * it cannot be fetched, the last address counts.
 */
export function discoveredKeys(discovery: Discovery, means: FetchMeans): RemoteKeys {
  let lastUrl: string | null = null
  return {
    url: discovery.urls[0] ?? '',
    async read(options) {
      try {
        const signal = AbortSignal.any([options.signal, AbortSignal.timeout(documentTimeoutMs)])
        lastUrl = await discoverKeysUrl(discovery, { ...options, signal }, means)
      } catch (error) {
        // A document that can be read and is wrong is no outage.
        const isOutage = !(error instanceof BadAnswerError) || error.code.startsWith('HTTP_')
        if (lastUrl === null || !isOutage) throw error
      }
      return fetchText(lastUrl, options, meansForKeys(lastUrl, discovery, means))
    },
  }
}

/**
 * Builds a source of keys from a URL (JWK Set, RFC 7517 §5). Keys are fetched when they are first needed, when they are old,
 * and when a token names an unknown key or its signature fails.
 *
 * After half of their lifetime they are fetched in the background, so that requests do not wait. After their lifetime,
 * requests wait for a fetch. If it fails, the last keys are trusted for another `outageMs`.
 *
 * A token with an unknown key that comes too soon after others is answered with UNAVAILABLE: its key may have been published
 * since the last fetch.
 */
export function createUrlKeySource(
  location: string | RemoteKeys,
  { lifetimeMs, outageMs, onFetch, onFailure }: KeyTrust,
): KeySource {
  const { url, read } = typeof location === 'string' ? keysAt(location) : location
  /** Beginning of the last successful fetch. Keys that were published later may be missing from it. */
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let failedAtMs = Number.NEGATIVE_INFINITY
  let refreshedAtMs = Number.NEGATIVE_INFINITY
  const allowance = createAllowance()

  const fetchWithPause: FetchImplementation = async (_address, options) => {
    const startedAtMs = performance.now()
    // For a while after a failure, requests fail at once instead of waiting for the timeout.
    if (startedAtMs - failedAtMs < failurePauseMs) throw new Error('the last fetch failed just now')
    try {
      // An answer that is no JWK Set counts as a failure.
      const keySet = requireKeySet(await read(options))
      fetchedAtMs = startedAtMs
      onFetch?.(true)
      return Response.json(keySet)
    } catch (error) {
      failedAtMs = performance.now()
      onFetch?.(false)
      onFailure?.(fetchTroubleOf(error, url))
      throw error
    }
  }

  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: fetchTimeoutMs,
    // This function decides when to fetch, with a monotonic clock.
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetchWithPause,
  })

  async function renewOldKeys(): Promise<void> {
    const ageMs = performance.now() - fetchedAtMs
    // Without keys that may still be trusted, a failed fetch is an error.
    if (ageMs >= lifetimeMs + outageMs) await keys.reload()
    // A failed fetch is ignored: the last keys are trusted during an outage of the issuer.
    else if (ageMs >= lifetimeMs) await keys.reload().catch(() => undefined)
    // In the background.
    else if (ageMs > lifetimeMs / 2 && !keys.reloading) keys.reload().catch(() => undefined)
  }

  const find = reportOutages(async (header, token) => {
    const askedAtMs = performance.now()
    await renewOldKeys()
    try {
      return await keys(header, token).catch(async (error: unknown) => {
        if (!(error instanceof errors.JWKSNoMatchingKey) || fetchedAtMs >= askedAtMs) throw error
        // A fetch that has begun may have begun before the key was published.
        if (keys.reloading) await keys.reload()
        else if (allowance.take()) await keys.reload()
        else throw error
        return keys(header, token)
      })
    } catch (error) {
      // Keys that were fetched after the token arrived include every key that could have signed it.
      if (!(error instanceof errors.JWKSNoMatchingKey) || fetchedAtMs >= askedAtMs) throw error
      throw new IssuerUnavailableError(
        Math.max(1, Math.ceil(allowance.waitMs() / 1000)),
        "The token names a signing key that was not among the issuer's when they were last fetched, and they are not fetched again yet.",
      )
    }
  })

  return Object.assign(find, {
    holds: (kid: string) => keys.jwks()?.keys.some((key) => key.kid === kid) === true,
    hasEverHadKeys: () => fetchedAtMs !== Number.NEGATIVE_INFINITY,
    async refresh() {
      const nowMs = performance.now()
      const isTooSoon = nowMs - refreshedAtMs < tokenPauseMs
      if (isTooSoon && !keys.reloading) return
      if (!isTooSoon) refreshedAtMs = nowMs
      await keys.reload().catch(() => undefined)
    },
  })
}

/** Allows a burst of fetches, and one more after each pause. */
function createAllowance(): { take(): boolean; waitMs(): number } {
  let left = burstMax
  let countedAtMs = performance.now()
  const count = () => {
    const nowMs = performance.now()
    left = Math.min(burstMax, left + (nowMs - countedAtMs) / tokenPauseMs)
    countedAtMs = nowMs
  }
  return {
    take() {
      count()
      if (left < 1) return false
      left -= 1
      return true
    },
    waitMs() {
      count()
      return Math.max(0, 1 - left) * tokenPauseMs
    },
  }
}

function requireKeySet(text: string): JSONWebKeySet {
  try {
    return parseKeySet(text)
  } catch {
    throw new BadAnswerError(
      'NO_KEY_SET',
      'The answer is no JWK Set ({"keys": [...]}), for example a page in HTML. Check the address: it is jwks_uri in the discovery document of the issuer.',
    )
  }
}
