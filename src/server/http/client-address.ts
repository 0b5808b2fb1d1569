import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import parseForwarded from 'forwarded-parse'
import ipaddr from 'ipaddr.js'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { headerOf } from './answer.ts'

/** A trusted proxy passes on headers that do not say which client it is: to choose would let clients choose. */
class AmbiguousClientError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
}

type Network = ReturnType<typeof ipaddr.parseCIDR>

/**
 * Builds what finds the address of a request's client, as text without a port; null without a connection. It is that of
 * the connection, unless that belongs to a trusted proxy: then it is the last address in the header of the proxy that is
 * no trusted proxy itself. Whatever stands before that was sent by the client.
 *
 * @param onUntrusted told of each request with such a header from a peer that is not trusted; must not throw
 */
export function createClientAddress(
  { TRUSTED_PROXIES, TRUSTED_PROXY_HEADER }: Pick<Config, 'TRUSTED_PROXIES' | 'TRUSTED_PROXY_HEADER'>,
  onUntrusted: (peer: string) => void,
): (request: IncomingMessage) => string | null {
  const networks = TRUSTED_PROXIES.map((network) => ipaddr.parseCIDR(network))

  /** From the connection towards the client, as far as the proxies are trusted and know where a request came from. */
  function follow(peer: string, nodes: readonly (string | undefined)[]): string {
    let address = peer
    for (const node of nodes.toReversed()) {
      if (!isWithin(address, networks)) return address
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
    if (!isWithin(peer, networks)) {
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

/** Warns once that clients share the address of a proxy, so that an operator who has forgotten the setting hears of it. */
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

/** An IPv6 client has a whole network of 64 bits, and could count as a new one with each request. */
export function limitKeyOf(address: string): string {
  if (isIP(address) !== 6) return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${withoutZone(address)}/64`)}/64`
}

/** What the elements of a Forwarded header (RFC 7239 §4) say of the clients that they are for. */
function nodesIn(forwarded: string): (string | undefined)[] {
  try {
    return parseForwarded(forwarded).map((element) => element['for'])
  } catch {
    throw new AmbiguousClientError(
      'The Forwarded header is malformed (RFC 7239). Do not send it: the proxies on the way write it.',
    )
  }
}

/** The address in a node: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80"; null for "unknown", hidden ones and anything else. */
function addressIn(node: string): string | null {
  const text = node.trim()
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::[^:]*)?$/.exec(text) ?? []
  return normalised(bracketed ?? plain ?? text)
}

/** One spelling for each address: an IPv4 address inside IPv6 as IPv4. Null for what is no address. */
function normalised(address: string): string | null {
  return isIP(address) === 0 ? null : ipaddr.process(address).toString()
}

function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? address
}

function isWithin(address: string, networks: readonly Network[]): boolean {
  const parsed = ipaddr.parse(withoutZone(address))
  return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
}
