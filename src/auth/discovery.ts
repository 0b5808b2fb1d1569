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
 * (RFC 8414 §3.3): otherwise whoever can change an address could replace the issuer. Nothing else in it is looked at.
 */
export async function discoverKeysUrl(
  { issuer, urls }: Discovery,
  options: FetchOptions,
  means: FetchMeans,
): Promise<string> {
  let failure: unknown
  for (const url of urls) {
    try {
      return readKeysUrl(await fetchText(url, options, means), { issuer, url })
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

function readKeysUrl(text: string, { issuer, url }: { issuer: string; url: string }): string {
  const { issuer: named, jwks_uri: keysUrl } = parseDocument(text)
  if (typeof named !== 'string' || typeof keysUrl !== 'string') {
    throw new BadAnswerError(
      'NO_DISCOVERY',
      'The answer is no discovery document: it must be a JSON object with "issuer" and "jwks_uri".',
    )
  }
  if (named !== issuer) {
    throw new BadAnswerError(
      'OTHER_ISSUER',
      'The discovery document names another issuer than the entry. Correct "issuer" of the entry, character by character, or the address.',
    )
  }
  if (!isAcceptedUrl(keysUrl) || (isPlain(keysUrl) && !isPlain(url))) {
    throw new BadAnswerError('BAD_JWKS_URI', 'The "jwks_uri" of the discovery document must be an https URL.')
  }
  return keysUrl
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

function parseDocument(text: string): { issuer?: unknown; jwks_uri?: unknown } {
  try {
    const document: unknown = JSON.parse(text)
    return typeof document === 'object' && document !== null ? document : {}
  } catch {
    return {}
  }
}
