import type { IncomingMessage } from 'node:http'
import { graphqlPath } from '../graphql/yoga.ts'
import { type Answer, errorAnswer, headerOf } from './answer.ts'

/** The path that a request is for; null if its target, or the host that it names, cannot be read. */
export function pathOf({ url = '', headers: { host = '' } }: IncomingMessage): string | null {
  if (url === graphqlPath && /^[a-z0-9.:-]+$/i.test(host)) return url
  // A target can also be a whole address (RFC 9112 §3.2.2).
  return URL.parse(url.startsWith('/') ? `http://${host || 'localhost'}${url}` : url)?.pathname ?? null
}

/**
 * Refuses a request whose framing other servers may understand differently (RFC 9112 §6.1), or that expects what there is
 * not (RFC 9110 §10.1.1); null if the request may go on. Node refuses the rest: two lengths, a length and chunks, chunks
 * that are not the last coding.
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

/** Whether the client sends its body only once it is told to. */
export function expectsContinue(expect: string | undefined): boolean {
  return expect?.toLowerCase() === '100-continue'
}

/** Refuses a request whose content is no plain JSON; null if it may go on. What a form of a web page could send is none. */
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

/** RFC 8259 JSON in UTF-8, which is its only encoding. */
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
