import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Answer, errorAnswer } from '../answer.ts'
import { graphqlPath } from '../graphql/yoga.ts'

/** Request ID for logs and audit events: that of the client if it is harmless, else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headerOf(headers, 'x-request-id')
  return given !== null && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : randomUUID()
}

/** Value of a header; null if it is absent. Several headers of one name are joined by commas. */
export function headerOf(headers: IncomingMessage['headers'], name: string): string | null {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : (value ?? null)
}

/** Path of a request; null if its target or Host header is malformed. */
export function pathOf({ url = '', headers: { host = '' } }: IncomingMessage): string | null {
  if (url === graphqlPath && /^[a-z0-9.:-]+$/i.test(host)) return url
  // A target can also be an absolute URL (RFC 9112 §3.2.2).
  return URL.parse(url.startsWith('/') ? `http://${host || 'localhost'}${url}` : url)?.pathname ?? null
}

/**
 * Refuses a request whose framing other servers may understand differently (RFC 9112 §6.1), or with an expectation that is
 * not supported (RFC 9110 §10.1.1); null if the request may go on. Node refuses the rest: two lengths, a length with
 * chunks, or a last coding other than chunked.
 */
export function refuseFraming({ headers, httpVersion }: IncomingMessage): Answer | null {
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    const message = 'The only transfer coding that is supported is "chunked".'
    return errorAnswer(501, { code: 'BAD_REQUEST', message }, { connection: 'close' })
  }
  if (coding !== undefined && httpVersion === '1.0') {
    const message = 'HTTP/1.0 has no transfer codings: send a Content-Length, or use HTTP/1.1.'
    return errorAnswer(400, { code: 'BAD_REQUEST', message }, { connection: 'close' })
  }
  if (headers.expect !== undefined && !expectsContinue(headers.expect)) {
    const message = 'The only expectation that is supported is "100-continue".'
    return errorAnswer(417, { code: 'BAD_REQUEST', message }, { connection: 'close' })
  }
  return null
}

/** True if the client sends its body only after a 100 Continue. */
export function expectsContinue(expect: string | undefined): boolean {
  return expect?.toLowerCase() === '100-continue'
}

/** Refuses all methods but POST; null for POST. */
export function refuseMethod({ method }: IncomingMessage): Answer | null {
  if (method === 'POST') return null
  const message = 'GraphQL is answered to POST requests only, also for queries.'
  return errorAnswer(405, { code: 'BAD_REQUEST', message }, { allow: 'POST' })
}

/** Refuses content other than plain JSON, such as what forms of web pages can send; null if the request may go on. */
export function refuseContent({ headers }: IncomingMessage): Answer | null {
  if (!isJson(headerOf(headers, 'content-type'))) {
    const message = 'Send the request as application/json in UTF-8.'
    return errorAnswer(415, { code: 'BAD_REQUEST', message })
  }
  const codings = (headerOf(headers, 'content-encoding') ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
  if (!codings.every((coding) => coding === '' || coding === 'identity')) {
    const message =
      'Send the request without a content coding (Content-Encoding): compressed bodies are not read.'
    return errorAnswer(415, { code: 'BAD_REQUEST', message }, { 'accept-encoding': 'identity' })
  }
  return null
}

/** True for JSON (RFC 8259) in UTF-8, its only encoding. */
function isJson(contentType: string | null): boolean {
  if (contentType === 'application/json') return true
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  return (
    ['application/json', 'application/graphql+json'].includes(type.trim()) &&
    parameters.every(
      (parameter) => !parameter.includes('charset') || /^\s*charset="?utf-8"?\s*$/.test(parameter),
    )
  )
}
