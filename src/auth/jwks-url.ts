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
import type { KeyTrust } from './key-lookup.ts'
import { failurePauseMs, type KeySource, reportOutages } from './key-lookup.ts'

/** How long a fetch may take. */
const fetchTimeoutMs = 5000

/**
 * How soon after a fetch a token may cause another, by naming an unknown key or by a signature that fails: a flood of
 * made-up tokens must not reach the issuer. Each of the two has a pause of its own.
 */
const tokenPauseMs = 10_000

/** Largest answer that is read. */
const answerBytesMax = 1_048_576

/**
 * Keys at an address (JWK Set, RFC 7517 §5): fetched when first needed, when they are old, and when a token names an
 * unknown key or its signature fails. A token that names an unknown key soon after a fetch cannot be told from one that
 * is signed with a key that was published since: it is not refused, but to be sent again. They are fetched anew in the background from half of their lifetime on, so that requests do not wait. Once
 * it is over requests wait for a fetch; only where that fails the last keys are trusted, until `outageMs` later.
 */
export function createUrlKeySource(
  url: string,
  { lifetimeMs, outageMs, onFetch, onFailure }: KeyTrust,
): KeySource {
  /** When the last fetch that succeeded began: what was published since may be missing from it. */
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let failedAtMs = Number.NEGATIVE_INFINITY
  let lookedAgainAtMs = Number.NEGATIVE_INFINITY

  const fetchWithPause: FetchImplementation = async (address, options) => {
    const startedAtMs = performance.now()
    // Requests fail at once for a while, so that an outage does not hold each of them up.
    if (startedAtMs - failedAtMs < failurePauseMs) throw new Error('the last fetch failed just now')
    try {
      const text = await fetchLimited(address, options)
      // Thrown away: an answer that is no key set must count as a failure, too.
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
    // When to fetch is decided here, by a clock that cannot be set back.
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetchWithPause,
  })

  async function renewOldKeys(): Promise<void> {
    const ageMs = performance.now() - fetchedAtMs
    // Keys whose time is over altogether, or that were never had, are not looked at.
    if (ageMs >= lifetimeMs + outageMs) await keys.reload()
    // A failure is no reason to refuse yet: the issuer may be down while its keys are still good.
    else if (ageMs >= lifetimeMs) await keys.reload().catch(() => undefined)
    // Nobody waits for this one.
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
      // All keys that could have signed the token are among those that were fetched after it had come.
      if (!(error instanceof errors.JWKSNoMatchingKey) || fetchedAtMs >= askedAtMs) throw error
      const pauseMs = fetchedAtMs + tokenPauseMs - performance.now()
      throw new IssuerUnavailableError(
        Math.max(1, Math.ceil(pauseMs / 1000)),
        "The token names a signing key that was not among the issuer's when they were last fetched, and they are not fetched again yet.",
      )
    }
  })

  return Object.assign(find, {
    async lookAgain() {
      const nowMs = performance.now()
      const isTooSoon = nowMs - lookedAgainAtMs < tokenPauseMs
      if (isTooSoon && !keys.reloading) return
      if (!isTooSoon) lookedAgainAtMs = nowMs
      await keys.reload().catch(() => undefined)
    },
  })
}

/** The text of an answer of status 200 and limited size; jose's options keep redirects from being followed. */
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
