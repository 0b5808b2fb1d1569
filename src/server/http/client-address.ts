import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import parseForwarded from 'forwarded-parse'
import ipaddr from 'ipaddr.js'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { headerOf } from './request-head.ts'

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
