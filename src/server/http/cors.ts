import type { IncomingMessage } from 'node:http'
import { type Answer, headerOf } from './answer.ts'

/** Lets pages of some other origins use the API. */
export interface Cors {
  /** The answer to a browser that asks, for a page, whether it may; null for what is no such question. */
  answerPreflight(request: IncomingMessage): Answer | null
  /** Headers by which an answer tells the browser whether its page may read it. */
  headersFor(request: IncomingMessage): Readonly<Record<string, string>>
}

/** What a page may send: the token, and what ties a request to logs and traces. */
const requestHeaders = 'authorization, content-type, traceparent, x-request-id'
/** What a page may read besides the body. */
const responseHeaders = 'retry-after, www-authenticate, x-request-id'
/** How long a browser may remember what it was told. Some ask again earlier. */
const maxAgeSeconds = 600

/**
 * Cross-Origin Resource Sharing for exactly these origins. Never with credentials: nothing that a browser would send by
 * itself (a cookie, a certificate) says who asks, the token of the page does.
 */
export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins)
  const isAllowed = (origin: string | null): origin is string => origin !== null && allowed.has(origin)

  return {
    answerPreflight(request) {
      const { method, headers } = request
      const isQuestion = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
      if (!isQuestion || !isAllowed(headerOf(headers, 'origin'))) return null
      return {
        status: 204,
        headers: {
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': requestHeaders,
          'access-control-max-age': String(maxAgeSeconds),
        },
        body: null,
      }
    },
    headersFor({ headers }) {
      if (allowed.size === 0) return {}
      const origin = headerOf(headers, 'origin')
      return {
        // Also where the origin is another one: what is kept of this answer must not be given to those that are allowed.
        vary: 'origin',
        ...(isAllowed(origin) && {
          'access-control-allow-origin': origin,
          'access-control-expose-headers': responseHeaders,
        }),
      }
    },
  }
}
