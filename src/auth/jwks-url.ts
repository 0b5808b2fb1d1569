import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose'
import { BadAnswerError, badStatus, fetchTroubleOf } from './fetch-trouble.ts'
import type { KeyTrust } from './jwks.ts'
import { reportOutages } from './key-lookup.ts'

/** How long a fetch may take. */
const fetchTimeoutMs = 5000

/** How soon after a fetch an unknown key ID may cause another: a flood of made-up IDs must not reach the issuer. */
const unknownKeyCooldownMs = 10_000

/** How long after a failed fetch requests fail at once, so that an outage does not hold each of them up. */
const failureCooldownMs = 2000

/** Largest answer that is read. */
const answerBytesMax = 1_048_576

/**
 * Keys at an address (JWK Set, RFC 7517 §5): fetched when first needed, when they are old, and when a token names an
 * unknown key. They are fetched anew in the background from half of their lifetime on, so that requests do not wait. Once
 * it is over requests wait for a fetch; only where that fails the last keys are trusted, until `outageMs` later.
 */
export function createUrlKeySource(
  url: string,
  { lifetimeMs, outageMs, onFetch, onFailure }: KeyTrust,
): JWTVerifyGetKey {
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let failedAtMs = Number.NEGATIVE_INFINITY

  const fetchWithPause: FetchImplementation = async (address, options) => {
    if (performance.now() - failedAtMs < failureCooldownMs) throw new Error('the last fetch failed just now')
    try {
      const text = await fetchLimited(address, options)
      // Thrown away: an answer that is no key set must count as a failure, too.
      requireKeySet(text)
      fetchedAtMs = performance.now()
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
    cooldownDuration: unknownKeyCooldownMs,
    cacheMaxAge: lifetimeMs + outageMs,
    [customFetch]: fetchWithPause,
  })

  return reportOutages(async (header, token) => {
    const ageMs = performance.now() - fetchedAtMs
    // Keys whose time is over altogether, or that were never had, are not looked at: jose's own clock can be set back.
    if (ageMs >= lifetimeMs + outageMs) await keys.reload()
    // A failure is no reason to refuse yet: the issuer may be down while its keys are still good.
    else if (ageMs >= lifetimeMs) await keys.reload().catch(() => undefined)
    // Nobody waits for this one.
    else if (ageMs > lifetimeMs / 2 && !keys.reloading) keys.reload().catch(() => undefined)
    return keys(header, token)
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
