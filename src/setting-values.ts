import ipaddr from 'ipaddr.js'
import { algorithms } from './crypto/algorithms.ts'

/** Any text. */
export const text = (value: string): string => value

/** Text, or null if it is not set. */
export const optionalText = (value: string): string | null => (value === '' ? null : value)

/** A value of another kind, or null if it is not set. */
export function optional<T>(parse: (text: string) => T): (text: string) => T | null {
  return (value) => (value === '' ? null : parse(value))
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (value) => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new TypeError(`must be a whole number from ${min} to ${max}`)
    }
    return number
  }
}

/** One of the given words. */
export function oneOf<const T extends readonly string[]>(...values: T): (text: string) => T[number] {
  return (value) => {
    if (!values.includes(value)) throw new TypeError(`must be one of ${values.join(', ')}`)
    return value
  }
}

/** A whole number from `min` to `max`, or "auto". */
export function integerOrAuto(min: number, max: number): (text: string) => number | 'auto' {
  return (value) => {
    if (value === 'auto') return value
    try {
      return integer(min, max)(value)
    } catch {
      throw new TypeError(`must be a whole number from ${min} to ${max}, or auto`)
    }
  }
}

/** "true" or "false". */
export function boolean(value: string): boolean {
  return oneOf('true', 'false')(value) === 'true'
}

/** Comma-separated values. */
export function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Networks in CIDR notation, or single addresses. A network of all addresses is refused: it would trust every client. */
export function networks(value: string): readonly string[] {
  return list(value).map((text) => {
    const network =
      text.includes('/') || !ipaddr.isValid(text)
        ? text
        : `${text}/${ipaddr.parse(text).kind() === 'ipv4' ? 32 : 128}`
    const isIPv4 = ipaddr.IPv4.isValidCIDRFourPartDecimal(network)
    if (isIPv4 || ipaddr.IPv6.isValidCIDR(network)) {
      const [address, bits] = ipaddr.parseCIDR(network)
      const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
      if (bits > 0 && !isMapped) return network
    }
    throw new TypeError(
      'must list networks or addresses such as 10.0.0.0/8 or 2001:db8::1, IPv4 ones as IPv4, and not all addresses (/0)',
    )
  })
}

/** Origins of web pages, exactly as browsers send them. */
export function origins(value: string): readonly string[] {
  const given = list(value)
  for (const origin of given) {
    const url = URL.parse(origin)
    if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== origin || origin.includes('*')) {
      throw new TypeError(
        'must list origins such as https://console.example.com, without a path or a wildcard',
      )
    }
  }
  return given
}

/** Names of key algorithms. */
export function algorithmNames(value: string): readonly string[] {
  const allowed = algorithms.map(({ name }) => name)
  const names = list(value)
  if (names.some((name) => !allowed.some((each) => each === name))) {
    throw new TypeError(`must list some of ${allowed.join(', ')}`)
  }
  return names
}

/** A time zone of the IANA database. */
export function timeZone(value: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
  } catch {
    throw new TypeError('must be a time zone of the IANA database, e.g. UTC or Europe/Berlin')
  }
}

/** Name of a claim. Dots reach into objects, but a claim whose own name has dots (such as a URL) comes first. */
export const claimName = (value: string): string => {
  if (value === '') throw new TypeError('must name a claim')
  return value
}

/** URL of a PostgreSQL database. */
export function postgresUrl(value: string): string | null {
  if (value === '') return null
  if (!/^postgres(ql)?:\/\//.test(value)) throw new TypeError('must start with postgres:// or postgresql://')
  return value
}

/** An HTTPS URL, or an HTTP URL of this machine. */
export function httpsUrl(value: string): string | null {
  if (value === '') return null
  const url = URL.parse(value)
  const loopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) {
    throw new TypeError('must be an https:// address (http:// only on this machine)')
  }
  return value
}

/** Address that requests are sent to: as {@link httpsUrl}, without credentials, which belong into a file. */
export function endpointUrl(value: string): string | null {
  const url = httpsUrl(value)
  if (url === null) return null
  const { username, password, hash } = new URL(url)
  if (username !== '' || password !== '' || hash !== '') {
    throw new TypeError('must contain no user, password or fragment')
  }
  return url
}

/** Beginning of names in object storage, of characters that need no encoding anywhere. */
export function objectPrefix(value: string): string {
  if (!/^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/.test(value) || value.length > 200) {
    throw new TypeError('must be letters, digits, "_" and "-", with single slashes between them')
  }
  return value
}

/** Origin of the console: an HTTPS one, or an HTTP one of this machine. */
export function consoleUrl(value: string): string | null {
  const url = httpsUrl(value)
  if (url === null) return null
  const { origin, href } = new URL(url)
  if (href !== `${origin}/`) throw new TypeError('must have no path: the console is at / of its host')
  return origin
}

/** Scopes (RFC 6749 §3.3) with "openid" among them. */
export function oidcScopes(value: string): string {
  const scopes = value.split(' ').filter((scope) => scope !== '')
  if (!scopes.includes('openid') || scopes.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new TypeError('must be scopes with spaces between them, "openid" among them')
  }
  return scopes.join(' ')
}

/** Parameters of an authorization request that follow from other settings, or belong to one login. */
const ownParameters = [
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'id_token_hint',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
]

/** Further parameters of an authorization request, as names and values: a name may come several times. */
export function authorizationParameters(value: string): readonly (readonly [string, string])[] {
  const parameters = [...new URLSearchParams(value)]
  const own = parameters.find(([name]) => ownParameters.includes(name))
  if (own !== undefined) throw new TypeError(`must not have ${own[0]}, which the console sets itself`)
  if (parameters.some((pair) => pair.includes('')) || (value !== '' && parameters.length === 0)) {
    throw new TypeError(
      'must be parameters as in a URL, such as resource=https%3A%2F%2Fkms.example.com&prompt=consent',
    )
  }
  return parameters
}

/** Signature algorithms of tokens (RFC 7518 §3.1, RFC 8037), without MACs, for which a public key could be used as the secret. */
const signatureAlgorithmNames = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
]

/** Names of signature algorithms of tokens. */
export function signatureAlgorithms(value: string): readonly string[] {
  const names = list(value)
  if (names.length === 0 || names.some((name) => !signatureAlgorithmNames.includes(name))) {
    throw new TypeError(`must list some of ${signatureAlgorithmNames.join(', ')}`)
  }
  return names
}

/** A prefix for names of types. */
export function typePrefix(value: string): string {
  if (!/^[A-Z][A-Za-z0-9]{0,15}$/.test(value)) {
    throw new TypeError('must be a capital letter with up to 15 letters and digits, for example Kms')
  }
  return value
}
