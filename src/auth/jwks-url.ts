import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JSONWebKeySet,
} from 'jose'
import { IssuerUnavailableError } from './errors.ts'
import { BadAnswerError, badStatus, fetchTroubleOf } from './fetch-trouble.ts'
import { failurePauseMs, type KeySource, type KeyTrust, reportOutages } from './key-lookup.ts'

/** Timeout of a fetch, in milliseconds. */
const fetchTimeoutMs = 5000

/**
 * Shortest time between two fetches because of tokens, in milliseconds: a flood of made-up tokens must not reach the issuer.
 * Unknown keys and failed signatures have a pause each.
 */
const tokenPauseMs = 10_000

/** Largest answer, in bytes. */
const answerBytesMax = 1_048_576

/**
 * Builds a source of keys from a URL (JWK Set, RFC 7517 §5). Keys are fetched when they are first needed, when they are old,
 * and when a token names an unknown key or its signature fails.
 *
 * After half of their lifetime they are fetched in the background, so that requests do not wait. After their lifetime,
 * requests wait for a fetch. If it fails, the last keys are trusted for another `outageMs`.
 *
 * Soon after a fetch, a token with an unknown key is answered with UNAVAILABLE: its key may have been published since.
 */
export function createUrlKeySource(
  url: string,
  { lifetimeMs, outageMs, onFetch, onFailure }: KeyTrust,
): KeySource {
  /** Beginning of the last successful fetch. Keys that were published later may be missing from it. */
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let failedAtMs = Number.NEGATIVE_INFINITY
  let refreshedAtMs = Number.NEGATIVE_INFINITY

  const fetchWithPause: FetchImplementation = async (address, options) => {
    const startedAtMs = performance.now()
    // For a while after a failure, requests fail at once instead of waiting for the timeout.
    if (startedAtMs - failedAtMs < failurePauseMs) throw new Error('the last fetch failed just now')
    try {
      const text = await fetchLimited(address, options)
      // The result is not used: an answer that is no JWK Set counts as a failure.
      requireKeySet(text)
      fetchedAtMs = startedAtMs
      onFetch?.(true)
      return new Response(text)
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
      const isPauseOver = askedAtMs - fetchedAtMs >= tokenPauseMs
      return await keys(header, token).catch(async (error: unknown) => {
        if (!isPauseOver || !(error instanceof errors.JWKSNoMatchingKey)) throw error
        await keys.reload()
        return keys(header, token)
      })
    } catch (error) {
      // Keys that were fetched after the token arrived include every key that could have signed it.
      if (!(error instanceof errors.JWKSNoMatchingKey) || fetchedAtMs >= askedAtMs) throw error
      const pauseMs = fetchedAtMs + tokenPauseMs - performance.now()
      throw new IssuerUnavailableError(
        Math.max(1, Math.ceil(pauseMs / 1000)),
        "The token names a signing key that was not among the issuer's when they were last fetched, and they are not fetched again yet.",
      )
    }
  })

  return Object.assign(find, {
    async refresh() {
      const nowMs = performance.now()
      const isTooSoon = nowMs - refreshedAtMs < tokenPauseMs
      if (isTooSoon && !keys.reloading) return
      if (!isTooSoon) refreshedAtMs = nowMs
      await keys.reload().catch(() => undefined)
    },
  })
}

/** Fetches an answer of status 200 and limited size. The options of jose exclude redirects. */
async function fetchLimited(...[address, options]: Parameters<FetchImplementation>): Promise<string> {
  const response = await fetch(address, options)
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    throw badStatus(response.status)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    // Leaving the loop cancels the rest of the answer.
    if (bytes > answerBytesMax) {
      throw new BadAnswerError(
        'TOO_LARGE',
        `The answer has more than ${answerBytesMax} bytes, and is no JWK Set.`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function requireKeySet(text: string): void {
  try {
    createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)
  } catch {
    throw new BadAnswerError(
      'NO_KEY_SET',
      'The answer is no JWK Set ({"keys": [...]}), for example a page in HTML. Check the address: it is jwks_uri in the discovery document of the issuer.',
    )
  }
}
