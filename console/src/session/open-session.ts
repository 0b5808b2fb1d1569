import { createBrowserExchange } from './browser-exchange.ts'
import { createDevelopmentSession } from './development-session.ts'
import { createOidcSession } from './oidc-session.ts'
import { takeReply } from './pending-login.ts'
import { createServerExchange } from './server-exchange.ts'
import type { Session } from './session.ts'
import { readSettings } from './settings.ts'

/** Opens the session of this page. Call it once, before anything reads the address of the page. */
export async function openSession(): Promise<Session> {
  // First, so that the code stands in the address for as short as possible.
  const reply = takeReply()
  const settings = await readSettings()
  if (settings.mode === 'development') return createDevelopmentSession(settings)
  if (location.origin !== settings.url) {
    // Cookies, the redirect URI and other windows belong to one address.
    location.replace(`${settings.url}${location.pathname}${location.search}${location.hash}`)
    return new Promise(() => {})
  }
  const exchange = settings.exchange === 'server' ? createServerExchange() : createBrowserExchange(settings)
  return createOidcSession(settings, exchange, reply)
}
