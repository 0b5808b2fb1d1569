import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import parseForwarded from 'forwarded-parse'
import ipaddr from 'ipaddr.js'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import type { Log } from '../../log.ts'
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

/** True if an If-None-Match header has the entity tag: the client has this form already (RFC 9110 §13.1.2). */
export function isKnownTag(ifNoneMatch: string | null, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '')))
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
  const message =
    method === 'GET'
      ? 'GraphQL is answered to POST requests only, also for queries and event streams. Set preferGetMethod to false in urql, useGETForQueries to false in Apollo Client, and the method POST in gateways (options.method in Hive Gateway, sse_post in Cosmo).'
      : 'GraphQL is answered to POST requests only, also for queries.'
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

/** A trusted proxy forwards headers that name no single client. Choosing one would let clients choose their address. */
class AmbiguousClientError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
}

type Network = ReturnType<typeof ipaddr.parseCIDR>

/**
 * Builds the function that finds the address of a client, without a port; null without a connection. It is the address of
 * the connection. If that is a trusted proxy, it is the last address in the proxy's header that is no trusted proxy: the
 * client itself can send everything before it.
 *
 * @param onUntrusted called for each request with such a header from an untrusted peer; must not throw
 */
export function createClientAddress(
  { TRUSTED_PROXIES, TRUSTED_PROXY_HEADER }: Pick<Config, 'TRUSTED_PROXIES' | 'TRUSTED_PROXY_HEADER'>,
  onUntrusted: (peer: string) => void,
): (request: IncomingMessage) => string | null {
  const networks = TRUSTED_PROXIES.map((network) => ipaddr.parseCIDR(network))

  /** Follows the proxies from the connection towards the client, as far as they are trusted and name an address. */
  function follow(peer: string, nodes: readonly (string | undefined)[]): string {
    let address = peer
    for (const node of nodes.toReversed()) {
      if (!isInNetworks(address, networks)) return address
      const next = addressIn(node ?? '')
      if (next === null) return address
      address = next
    }
    return address
  }

  return ({ socket, headers }) => {
    const peer = normalised(socket.remoteAddress ?? '')
    if (peer === null) return null
    const forwarded = headerOf(headers, 'forwarded')
    const xForwardedFor = headerOf(headers, 'x-forwarded-for')
    if (forwarded === null && xForwardedFor === null) return peer
    if (!isInNetworks(peer, networks)) {
      onUntrusted(peer)
      return peer
    }
    const found: string[] = []
    if (forwarded !== null && TRUSTED_PROXY_HEADER !== 'x-forwarded-for') {
      found.push(follow(peer, nodesIn(forwarded)))
    }
    if (xForwardedFor !== null && TRUSTED_PROXY_HEADER !== 'forwarded') {
      found.push(follow(peer, xForwardedFor.split(',')))
    }
    const [client = peer, other = client] = found
    if (client === other) return client
    throw new AmbiguousClientError(
      'The Forwarded and X-Forwarded-For headers name different clients. Send neither; a proxy that writes one of them must remove the other, or the operator names it in TRUSTED_PROXY_HEADER.',
    )
  }
}

/** Builds the function that warns, once, that TRUSTED_PROXIES may be missing a proxy. */
export function createForwardingWarning(log: Log): (peer: string) => void {
  let hasWarned = false
  return (peer) => {
    if (hasWarned) return
    hasWarned = true
    log.warn(
      { peer },
      'requests with Forwarded or X-Forwarded-For come from an address that is not in TRUSTED_PROXIES: audit records and AUTH_FAILURES_PER_MINUTE_MAX take it for the client; if it is a proxy, all its clients share that limit',
    )
  }
}

/** The `for` parameters of a Forwarded header (RFC 7239 §4). */
function nodesIn(forwarded: string): (string | undefined)[] {
  try {
    return parseForwarded(forwarded).map((element) => element['for'])
  } catch {
    throw new AmbiguousClientError(
      'The Forwarded header is malformed (RFC 7239). Do not send it: the proxies on the way write it.',
    )
  }
}

/** Address of a node: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80"; null for anything else, such as "unknown". */
function addressIn(node: string): string | null {
  const text = node.trim()
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::[^:]*)?$/.exec(text) ?? []
  return normalised(bracketed ?? plain ?? text)
}

/** Canonical form of an address, IPv4-mapped ones as IPv4; null for anything else. */
function normalised(address: string): string | null {
  return isIP(address) === 0 ? null : ipaddr.process(address).toString()
}

function isInNetworks(address: string, networks: readonly Network[]): boolean {
  const [withoutZone = address] = address.split('%', 1)
  const parsed = ipaddr.parse(withoutZone)
  return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
}
