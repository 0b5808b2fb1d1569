import { settings } from '../config.ts'
import { type FetchMeans, type FetchOptions, fetchText } from './fetch-text.ts'
import { BadAnswerError } from './fetch-trouble.ts'

/**
 * Addresses of the discovery document of an issuer: of OpenID Connect Discovery, and of RFC 8414, which puts the well-known
 * part before the path.
 */
export function discoveryUrlsOf(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname
  return [
    `${issuer.endsWith('/') ? issuer.slice(0, -1) : issuer}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/** Issuer and addresses of its discovery document. */
export interface Discovery {
  readonly issuer: string
  readonly urls: readonly string[]
}

/**
 * Fetches the discovery document of an issuer and resolves to the address of its keys. The document must name the same issuer
 * (RFC 8414 §3.3): otherwise whoever can change an address could replace the issuer.
 */
export async function discoverKeysUrl(
  discovery: Discovery,
  options: FetchOptions,
  means: FetchMeans,
): Promise<string> {
  return discover(discovery, options, means, ({ jwks_uri: keysUrl }, url) => {
    if (typeof keysUrl !== 'string') throw noDiscovery('"issuer" and "jwks_uri"')
    if (!isEndpoint(keysUrl, url)) {
      throw new BadAnswerError(
        'BAD_JWKS_URI',
        'The "jwks_uri" of the discovery document must be an https URL.',
      )
    }
    return keysUrl
  })
}

/**
 * Fetches the discovery document of an issuer, which must name the same issuer, and resolves to what is read of it.
 *
 * @param read reads a document that came from `url`
 */
export async function discover<Found>(
  { issuer, urls }: Discovery,
  options: FetchOptions,
  means: FetchMeans,
  read: (document: Readonly<Record<string, unknown>>, url: string) => Found,
): Promise<Found> {
  let failure: unknown
  for (const url of urls) {
    try {
      return read(readDocument(await fetchText(url, options, means), issuer), url)
    } catch (error) {
      failure ??= error
      const isMissing =
        error instanceof BadAnswerError && ['HTTP_404', 'HTTP_400', 'HTTP_405'].includes(error.code)
      if (!isMissing) throw error
    }
  }
  throw failure
}

/** Means for the address of the keys. The token is sent to the server of the document only, not to one that it names. */
export function meansForKeys(
  keysUrl: string,
  { urls }: Pick<Discovery, 'urls'>,
  means: FetchMeans,
): FetchMeans {
  const isSameServer = urls.some((url) => new URL(url).origin === new URL(keysUrl).origin)
  return isSameServer ? means : { ...means, bearerTokenFile: null }
}

/** Error for an answer that is no discovery document, or lacks some members. */
export function noDiscovery(members: string): BadAnswerError {
  return new BadAnswerError(
    'NO_DISCOVERY',
    `The answer is no discovery document: it must be a JSON object with ${members}.`,
  )
}

function readDocument(text: string, issuer: string): Readonly<Record<string, unknown>> {
  const document = parseDocument(text)
  if (typeof document['issuer'] !== 'string') throw noDiscovery('"issuer" and "jwks_uri"')
  if (document['issuer'] !== issuer) {
    throw new BadAnswerError(
      'OTHER_ISSUER',
      'The discovery document names another issuer than the entry. Correct "issuer" of the entry, character by character, or the address.',
    )
  }
  return document
}

/** True for an address that the document from `url` may name: https, or http on this machine if the document is from there. */
export function isEndpoint(address: string, url: string): boolean {
  return isAcceptedUrl(address) && (!isPlain(address) || isPlain(url))
}

function isAcceptedUrl(url: string): boolean {
  try {
    return settings.AUTH_JWKS_URL.parse(url) !== null
  } catch {
    return false
  }
}

/** True for http, which is accepted at loopback addresses: only a document from there may name one. */
function isPlain(url: string): boolean {
  return new URL(url).protocol === 'http:'
}

function parseDocument(text: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(text)
    return typeof document === 'object' && document !== null ? { ...document } : {}
  } catch {
    return {}
  }
}
