import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config.ts'
import { type Answer, errorAnswer } from '../answer.ts'
import type { Admission } from '../load/admission.ts'
import { addressKey, createRateLimit, RateLimitedError } from '../load/rate-limit.ts'
import type { Shed } from '../load/shedding.ts'
import { headerOf, isKnownTag } from './request-head.ts'

/** A published key set as it is sent. */
interface ReadKeySet {
  readonly body: string
  readonly etag: string
  readonly maxAgeSeconds: number
}

/** The published key sets. */
export interface KeySetSource {
  /** The set of an address from memory; null if it has to be read. */
  recall(id: string): ReadKeySet | null
  /** The set of an address from memory, for when it cannot be read; otherwise null. */
  recallOld(id: string): ReadKeySet | null
  /** Reads the set of an address; null if there is none. */
  read(id: string): Promise<ReadKeySet | null>
}

/** What it takes to answer for key sets. */
export interface JwksParts {
  readonly config: Pick<Config, 'AUTH_FAILURES_PER_MINUTE_MAX'>
  readonly keySets: KeySetSource
  readonly admission: Admission
  readonly shed: (reason: Shed) => Answer
  readonly clientAddressOf: (request: IncomingMessage) => string | null
}

/** Beginning of the paths of key sets. */
export const jwksPath = '/jwks/'

const address = /^\/jwks\/([A-Za-z0-9_-]{43})\.json$/

/** Answers a request for a key set; null for requests at other paths. */
export type JwksStep = (request: IncomingMessage, path: string) => Promise<Answer> | null

/**
 * Builds the answers for published key sets. They need no token, so that they must be cheap: a set in memory costs nothing
 * else. To read one takes a slot, of which unauthenticated requests have a share, and addresses at which there is no set
 * are counted for each client.
 */
export function createJwks(parts: JwksParts): JwksStep {
  const { config, keySets, admission, shed, clientAddressOf } = parts
  const limit = createRateLimit({ units: config.AUTH_FAILURES_PER_MINUTE_MAX, windowSeconds: 60 })

  async function answer(request: IncomingMessage, path: string): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const message = 'Key sets are answered to GET and HEAD requests only.'
      return errorAnswer(405, { code: 'BAD_REQUEST', message }, { allow: 'GET, HEAD' })
    }
    const id = address.exec(path)?.[1]
    if (id === undefined) return notFound()
    const known = keySets.recall(id)
    return known === null ? read(request, id) : answerWith(request, known)
  }

  function answerOld(request: IncomingMessage, id: string): Answer | null {
    const old = keySets.recallOld(id)
    return old === null ? null : answerWith(request, old)
  }

  async function read(request: IncomingMessage, id: string): Promise<Answer> {
    const client = clientAddressOf(request)
    const key = client === null ? null : addressKey(client)
    const seconds = key === null ? 0 : await limit.secondsUntilFree(key)
    if (seconds > 0) {
      const old = answerOld(request, id)
      if (old !== null) return old
      const message = `More than ${config.AUTH_FAILURES_PER_MINUTE_MAX} requests from this address were for key sets that do not exist within a minute.`
      throw new RateLimitedError('failures', message, seconds)
    }
    const admitted = admission.admit()
    if (admitted === null) return answerOld(request, id) ?? shed('full')
    try {
      if (!admitted.markUnauthenticated(false)) return answerOld(request, id) ?? shed('full')
      const set = await keySets.read(id)
      if (set !== null) return answerWith(request, set)
      if (key !== null) await limit.take(key, 1)
      return notFound()
    } finally {
      admitted.release()
    }
  }

  return (request, path) => (path.startsWith(jwksPath) ? answer(request, path) : null)
}

/** Web pages of all origins may read key sets: they are public, and answers depend on nothing that a browser adds. */
const anyOrigin = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

/** The same answer whether there never was a set at the address, or there is none any more. */
function notFound(): Answer {
  const message = 'There is no key set at this address.'
  return errorAnswer(404, { code: 'BAD_REQUEST', message }, anyOrigin)
}

function answerWith({ headers }: IncomingMessage, { body, etag, maxAgeSeconds }: ReadKeySet): Answer {
  const common = { ...anyOrigin, etag, 'cache-control': `public, max-age=${maxAgeSeconds}` }
  if (isKnownTag(headerOf(headers, 'if-none-match'), etag))
    return { status: 304, headers: common, body: null }
  return { status: 200, headers: { ...common, 'content-type': 'application/jwk-set+json' }, body }
}
