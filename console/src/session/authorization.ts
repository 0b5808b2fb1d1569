import * as oauth from 'oauth4webapi'
import type { PendingLogin } from './pending-login.ts'
import type { OidcSettings } from './settings.ts'

/** Begins a login: what is kept of it until the provider answers. */
export function beginLogin(returnTo: string, isSilent: boolean): PendingLogin {
  return {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    codeVerifier: oauth.generateRandomCodeVerifier(),
    returnTo,
    isSilent,
  }
}

/**
 * Address of the provider's login page (OpenID Connect Core §3.1.2.1, RFC 7636).
 *
 * @param prompt what the provider must or must not ask, beyond what the settings say; null for nothing
 */
export async function authorizationUrl(
  endpoint: string,
  settings: OidcSettings,
  { state, nonce, codeVerifier }: PendingLogin,
  prompt: 'none' | 'login' | null,
): Promise<string> {
  const url = pageUrl(endpoint)
  const parameters = {
    client_id: settings.clientId,
    response_type: 'code',
    redirect_uri: `${settings.url}${settings.callbackPath}`,
    scope: settings.scopes,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  for (const [name, value] of settings.parameters) url.searchParams.append(name, value)
  const configured = settings.parameters.find(([name]) => name === 'prompt')?.[1]
  if (prompt === 'none') url.searchParams.set('prompt', 'none')
  if (prompt === 'login') url.searchParams.set('prompt', configured ? `login ${configured}` : 'login')
  return url.href
}

/**
 * Address of the page on which the provider ends its own session (RP-Initiated Logout 1.0). Without an ID token, which must
 * not stand in an address: the provider may ask whether to sign out.
 */
export function endSessionUrl(endpoint: string, clientId: string): string {
  const url = pageUrl(endpoint)
  url.searchParams.set('client_id', clientId)
  return url.href
}

/** Address of a page of the provider: never a script. */
export function pageUrl(address: string): URL {
  const url = new URL(address)
  if (!['https:', 'http:'].includes(url.protocol)) throw new TypeError('a page has an address of https')
  return url
}

/** Answers to a login that must ask nothing (`prompt=none`): somebody has to be asked something. */
const needsSomebody = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

/** What the provider says about a login that it refuses; null for one that it does not. */
export function refusalIn(reply: URLSearchParams): { message: string; needsSomebody: boolean } | null {
  const error = reply.get('error')
  if (error === null) return reply.has('code') ? null : refusal('an answer without a code')
  // The text is in the address of the page, where anybody can write one.
  return refusal(/^[a-z_]{1,64}$/.test(error) ? error : 'an unknown error')
}

function refusal(error: string): { message: string; needsSomebody: boolean } {
  return {
    message: `The identity provider refused: ${error}. Sign in again.`,
    needsSomebody: needsSomebody.includes(error),
  }
}
