/** Lets pages of some other origins use the API. */
export interface Cors {
  /** The answer to a browser that asks, for a page, whether it may; null for what is no such question. */
  answerPreflight(request: Request): Response | null
  /** Tells the browser, with an answer, whether its page may read it. */
  mark(request: Request, response: Response): void
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
      const isQuestion = request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
      if (!isQuestion || !isAllowed(request.headers.get('origin'))) return null
      return new Response(null, {
        status: 204,
        headers: {
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': requestHeaders,
          'access-control-max-age': String(maxAgeSeconds),
        },
      })
    },
    mark(request, { headers }) {
      if (allowed.size === 0) return
      // Also where the origin is another one: what is kept of this answer must not be given to those that are allowed.
      headers.append('vary', 'origin')
      const origin = request.headers.get('origin')
      if (!isAllowed(origin)) return
      headers.set('access-control-allow-origin', origin)
      headers.set('access-control-expose-headers', responseHeaders)
    },
  }
}
