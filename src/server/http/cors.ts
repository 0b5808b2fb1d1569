import type { IncomingMessage } from 'node:http'
import { type Answer, errorAnswer } from '../answer.ts'
import { headerOf } from './request-head.ts'

/** Allows web pages of some other origins to use the API. */
export interface Cors {
  /** Answers a preflight request of an allowed origin; null for other requests. */
  answerPreflight(request: IncomingMessage): Answer | null
  /** Headers that tell the browser whether its page may read the answer. */
  headersFor(request: IncomingMessage): Readonly<Record<string, string>>
}

/** Headers that a page may send: the token, and IDs for logs and traces. */
const requestHeaders = 'authorization, content-type, traceparent, x-request-id'
/** Headers that a page may read. */
const responseHeaders = 'retry-after, www-authenticate, x-request-id'
/** How long a browser may cache the answer to a preflight request. Some browsers use less. */
const maxAgeSeconds = 600

/**
 * Builds Cross-Origin Resource Sharing for exactly these origins; null for none. Credentials are not allowed: the page sends
 * a token, and nothing that a browser adds by itself (a cookie, a certificate) authenticates a caller.
 */
export function createCors(origins: readonly string[]): Cors | null {
  if (origins.length === 0) return null
  const allowed = new Set(origins)
  const isAllowed = (origin: string | null): origin is string => origin !== null && allowed.has(origin)

  return {
    answerPreflight(request) {
      const { method, headers } = request
      const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
      if (!isPreflight || !isAllowed(headerOf(headers, 'origin'))) return null
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
      const origin = headerOf(headers, 'origin')
      return {
        // Also for other origins: a cache must not give their answers to allowed ones.
        vary: 'origin',
        ...(isAllowed(origin) && {
          'access-control-allow-origin': origin,
          'access-control-expose-headers': responseHeaders,
        }),
      }
    },
  }
}

/**
 * Refuses a WebSocket that a web page of another origin opens; null if the request may go on. Browsers ask for no permission
 * before they open one. Programs send no Origin header.
 */
export function refuseForeignPage({ headers }: IncomingMessage, origins: readonly string[]): Answer | null {
  const origin = headerOf(headers, 'origin')
  const isOwn = origin === null || URL.parse(origin)?.host === headers.host?.toLowerCase()
  if (isOwn || origins.includes(origin)) return null
  const message =
    'Pages of this origin may not open a WebSocket here. The operator can allow the origin (CORS_ORIGINS).'
  return errorAnswer(403, { code: 'FORBIDDEN', message })
}
