import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createClientAddress } from '../../src/server/http/request-head.ts'
import { addressKey } from '../../src/server/load/rate-limit.ts'

const proxies = '10.0.0.0/8, 192.0.2.1, 2001:db8:1::/48'

interface Sent {
  readonly peer?: string
  readonly forwarded?: string
  readonly xff?: string
}

function addressOf(
  { peer = '10.0.0.1', forwarded, xff }: Sent,
  settings: Record<string, string> = { TRUSTED_PROXIES: proxies },
  onUntrusted = () => {},
): string | null {
  const config = readConfig({ AUTH_ISSUER: 'https://issuer.test', AUTH_JWKS_FILE: '/none', ...settings })
  return createClientAddress(
    config,
    onUntrusted,
  )({
    socket: { remoteAddress: peer },
    headers: {
      ...(forwarded !== undefined && { forwarded }),
      ...(xff !== undefined && { 'x-forwarded-for': xff }),
    },
  } as unknown as IncomingMessage)
}

describe('the address of a client', () => {
  it.each([
    [
      'without a proxy, whatever it says',
      { peer: '203.0.113.9', xff: '1.2.3.4', forwarded: 'for=1.2.3.4' },
      '203.0.113.9',
    ],
    ['without any header', {}, '10.0.0.1'],
    ['behind a proxy', { xff: '203.0.113.9' }, '203.0.113.9'],
    [
      'behind a proxy that writes Forwarded',
      { forwarded: 'for=203.0.113.9;proto=https;by=10.0.0.1' },
      '203.0.113.9',
    ],
    ['behind several proxies', { xff: '203.0.113.9, 10.1.1.1, 192.0.2.1' }, '203.0.113.9'],
    [
      'behind several proxies that write Forwarded',
      { forwarded: 'for=203.0.113.9, For="10.1.1.1:80",for=192.0.2.1' },
      '203.0.113.9',
    ],
    ['that invents addresses before its own', { xff: '1.1.1.1, 10.9.9.9, 203.0.113.9' }, '203.0.113.9'],
    [
      'that invents elements before its own',
      { forwarded: 'for=1.1.1.1, for=10.9.9.9, for=203.0.113.9, for=10.2.2.2' },
      '203.0.113.9',
    ],
    ['that is a proxy itself', { xff: '10.3.3.3' }, '10.3.3.3'],
    ['that both headers name', { xff: '203.0.113.9, 10.1.1.1', forwarded: 'for=203.0.113.9' }, '203.0.113.9'],
    ['with a port', { xff: '203.0.113.9:4711' }, '203.0.113.9'],
    ['with a port in quotes', { forwarded: 'for="203.0.113.9:4711"' }, '203.0.113.9'],
    ['of IPv6', { xff: '2001:db8:2::7' }, '2001:db8:2::7'],
    ['of IPv6 in brackets', { xff: '[2001:DB8:2::7]' }, '2001:db8:2::7'],
    ['of IPv6 with a port', { xff: '[2001:db8:2:0:0:0:0:7]:443' }, '2001:db8:2::7'],
    ['of IPv6 in Forwarded', { forwarded: 'For="[2001:db8:2::7]:4711"' }, '2001:db8:2::7'],
    ['behind a proxy with IPv6', { peer: '2001:db8:1:2::3', xff: '203.0.113.9' }, '203.0.113.9'],
    [
      'whose proxy talks IPv4 through IPv6',
      { peer: '::ffff:10.0.0.1', xff: '::ffff:203.0.113.9' },
      '203.0.113.9',
    ],
    ['that talks IPv4 through IPv6 itself', { peer: '::ffff:203.0.113.9' }, '203.0.113.9'],
    ['that its proxy does not know', { xff: 'unknown' }, '10.0.0.1'],
    ['that a proxy behind another does not know', { xff: 'unknown, 10.1.1.1' }, '10.1.1.1'],
    ['that its proxy hides', { forwarded: 'for=_hidden' }, '10.0.0.1'],
    ['that its proxy hides with a port', { forwarded: 'for="_hidden:_port"' }, '10.0.0.1'],
    ['of which an element says nothing', { forwarded: 'for=203.0.113.9, proto=https' }, '10.0.0.1'],
    ['in octal', { xff: '010.0.0.1' }, '10.0.0.1'],
    ['in hexadecimal', { xff: '0xcb.0.113.9' }, '10.0.0.1'],
    ['as one number', { xff: '3405803785' }, '10.0.0.1'],
    ['that is a network', { xff: '203.0.113.0/24' }, '10.0.0.1'],
    ['that is a name', { xff: 'client.example.com' }, '10.0.0.1'],
    ['that is empty', { xff: '' }, '10.0.0.1'],
    ['with an empty element', { xff: '203.0.113.9,' }, '10.0.0.1'],
    ['with other bytes', { xff: '203.0.113.9\u0000' }, '10.0.0.1'],
  ] as [string, Sent, string][])('%s', (_what, sent, expected) => {
    expect(addressOf(sent)).toBe(expected)
  })

  it.each([
    ['headers that disagree', { xff: '203.0.113.9', forwarded: 'for=198.51.100.7' }],
    ['an unterminated quote', { forwarded: 'for="1.1.1.1, for=203.0.113.9' }],
    ['no element', { forwarded: ',' }],
    ['an address without quotes that needs them', { forwarded: 'for=203.0.113.9:80' }],
  ] as [string, Sent][])('is not guessed from %s', (_what, sent) => {
    expect(() => addressOf(sent)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it.each([
    ['x-forwarded-for', '203.0.113.9'],
    ['forwarded', '198.51.100.7'],
  ])('is what %s says, where an operator names it', (header, expected) => {
    const settings = { TRUSTED_PROXIES: proxies, TRUSTED_PROXY_HEADER: header }
    expect(addressOf({ xff: '203.0.113.9', forwarded: 'for=198.51.100.7' }, settings)).toBe(expected)
    const other = header === 'forwarded' ? { xff: '203.0.113.9' } : { forwarded: 'broken"' }
    expect(addressOf(other, settings)).toBe('10.0.0.1')
  })

  it('is never one that a client made up, whatever it sends', () => {
    const ip = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('unknown', '_x', '', '10.1.1.1', '"', 'for=1'))
    fc.assert(
      fc.property(fc.array(ip), fc.array(fc.constantFrom('10.1.1.1', '192.0.2.1')), (invented, hops) => {
        const xff = [...invented, '203.0.113.9', ...hops].join(', ')
        expect(addressOf({ xff })).toBe('203.0.113.9')
      }),
    )
  })

  it('is told of where it comes from a proxy that is not trusted', () => {
    let told = 0
    const tell = () => void told++
    expect(addressOf({ xff: '203.0.113.9' }, {}, tell)).toBe('10.0.0.1')
    expect(addressOf({ forwarded: 'for=203.0.113.9' }, { TRUSTED_PROXIES: '10.9.0.0/16' }, tell)).toBe(
      '10.0.0.1',
    )
    expect(told).toBe(2)
    addressOf({}, {}, tell)
    addressOf({ xff: '203.0.113.9' }, undefined, tell)
    expect(told).toBe(2)
  })

  it('counts for limits with its network of IPv6, of which a client has all', () => {
    expect(addressKey('203.0.113.9')).toBe('203.0.113.9')
    expect(addressKey('2001:db8:2:3:4:5:6:7')).toBe('2001:db8:2:3::/64')
    expect(addressKey('2001:db8:2:3::1')).toBe('2001:db8:2:3::/64')
    expect(addressKey('fe80::1%eth0')).toBe('fe80::/64')
  })
})

describe('TRUSTED_PROXIES', () => {
  const read = (networks: string) =>
    readConfig({ AUTH_ISSUER: 'https://issuer.test', AUTH_JWKS_FILE: '/none', TRUSTED_PROXIES: networks })

  it.each([
    '10.0.0.0/33',
    '10.0.0',
    'proxy',
    '10.0.0.0/8,nonsense',
    '0.0.0.0/0',
    '::/0',
    '::ffff:10.0.0.0/104',
    '1/8',
  ])('%s is refused', (networks) => {
    expect(() => read(networks)).toThrow(/TRUSTED_PROXIES must list/)
  })

  it('is a list of networks and addresses', () => {
    expect(read('10.0.0.0/8, ::1 ,fd00::/8').TRUSTED_PROXIES).toEqual(['10.0.0.0/8', '::1/128', 'fd00::/8'])
    expect(read('').TRUSTED_PROXIES).toEqual([])
  })
})
