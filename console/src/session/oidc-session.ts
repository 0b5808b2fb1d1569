import { authorizationUrl, beginLogin, endSessionUrl, refusalIn } from './authorization.ts'
import { failureOf, type TokenExchange } from './exchange.ts'
import { failures } from './login-failures.ts'
import { keepPending, ownPath, type PendingLogin, takeMark, takePending } from './pending-login.ts'
import { createRenewal } from './renewal.ts'
import type { Session, SignInOptions } from './session.ts'
import { createSessionStore } from './session-store.ts'
import type { OidcSettings } from './settings.ts'
import { handOver, openWindows } from './windows.ts'

/** How often a step of a login is tried that fails for an outage. */
const triesMax = 5

/**
 * Builds the session of a login. With the exchange on the server, all tabs sign in and out together.
 *
 * @param reply what the provider has sent, if this page is the callback
 */
export function createOidcSession(
  settings: OidcSettings,
  exchange: TokenExchange,
  reply: URLSearchParams | null,
): Session {
  const windows = openWindows()
  const store = createSessionStore()
  const { alone, retryLater, token, renewAfterUnauthenticated } = createRenewal(store, exchange)
  /** The login in a pop-up window. Its secrets never leave this window. */
  let inPopup: PendingLogin | null = null
  let hasSignedOut = false
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  /** Tells why a step of a login has failed. After an outage it is tried again, unless somebody does so before. */
  function failAndRetry(error: unknown, tries: number, run: (tries: number) => void): void {
    const failure = failureOf(error)
    const { retryAfterSeconds, ...last } = failure
    clearTimeout(retryTimer)
    store.fail(tries < triesMax ? failure : last)
    if (retryAfterSeconds === undefined || tries >= triesMax) return
    retryTimer = setTimeout(() => {
      if (store.held === null && store.state.kind !== 'signedOut') run(tries + 1)
    }, retryAfterSeconds * 1000)
  }

  async function redeem(answer: URLSearchParams, pending: PendingLogin, tries = 1): Promise<void> {
    const refusal = refusalIn(answer)
    if (refusal !== null) {
      if (pending.isSilent && refusal.needsSomebody) store.becomeSignedOut()
      else store.fail({ code: 'refused', message: refusal.message })
      return
    }
    try {
      store.accept(await alone(() => exchange.redeem(answer, pending)))
      hasSignedOut = false
      if (exchange.isShared) windows.send({ kind: 'signedIn' })
    } catch (error) {
      failAndRetry(error, tries, (next) => void redeem(answer, pending, next))
    }
  }

  async function goToProvider(returnTo: string, isSilent: boolean, tries = 1): Promise<void> {
    clearTimeout(retryTimer)
    store.beginSignIn()
    try {
      const { authorizationEndpoint } = await exchange.pages()
      const pending = beginLogin(ownPath(returnTo), isSilent)
      const prompt = isSilent ? 'none' : hasSignedOut ? 'login' : null
      const url = await authorizationUrl(authorizationEndpoint, settings, pending, prompt)
      keepPending(pending)
      if (isSilent) location.replace(url)
      else location.assign(url)
    } catch (error) {
      failAndRetry(error, tries, (next) => void goToProvider(returnTo, isSilent, next))
    }
  }

  async function goToPopup(): Promise<void> {
    // Before anything that takes time: browsers open windows for a click only.
    const popup = window.open('', '', 'popup,width=520,height=760')
    if (popup === null) {
      store.fail(failures.popupBlocked)
      return
    }
    try {
      const { authorizationEndpoint } = await exchange.pages()
      const pending = beginLogin('/', false)
      const prompt = hasSignedOut ? 'login' : null
      const url = await authorizationUrl(authorizationEndpoint, settings, pending, prompt)
      inPopup = pending
      popup.location.replace(url)
    } catch (error) {
      popup.close()
      // Another window opens for another click only.
      failAndRetry(error, triesMax, () => {})
    }
  }

  /** Goes on where a redirect has come back, a pop-up window has ended, or a page was reloaded. */
  async function start(): Promise<void> {
    if (reply === null) {
      await reopen()
      return
    }
    const pending = takePending()
    if (pending !== null && pending.state === reply.get('state')) {
      history.replaceState(null, '', ownPath(pending.returnTo))
      await redeem(reply, pending)
      return
    }
    const isTaken = reply.has('state') && (await handOver(windows, reply))
    if (isTaken) window.close()
    else history.replaceState(null, '', '/')
    store.fail(isTaken ? failures.closeWindow : failures.notStartedHere)
  }

  /** Signs in without asking anybody: by the session of the server, or by the one at the provider, once. */
  async function reopen(): Promise<void> {
    const wasSignedIn = takeMark()
    const resume = async () => {
      const grant = await alone(() => exchange.renew())
      if (grant !== null) store.accept(grant)
      else if (wasSignedIn) await goToProvider(currentPath(), true)
      else store.becomeSignedOut()
    }
    try {
      await resume()
    } catch (error) {
      const failure = failureOf(error)
      if (failure.code !== 'unavailable') {
        store.becomeSignedOut()
        return
      }
      store.fail(failure)
      retryLater(failure, resume)
    }
  }

  windows.onMessage((message) => {
    if (message.kind === 'reply' && inPopup !== null && message.state === inPopup.state) {
      const pending = inPopup
      inPopup = null
      windows.send({ kind: 'taken', state: message.state })
      void redeem(new URLSearchParams(message.parameters), pending)
    }
    if (!exchange.isShared) return
    const { kind } = store.state
    if (message.kind === 'signedOut' && kind !== 'signedOut') store.becomeSignedOut()
    if (message.kind === 'signedIn' && (kind === 'expired' || kind === 'signedOut')) {
      alone(() => exchange.renew())
        .then((grant) => grant && store.accept(grant))
        .catch(() => undefined)
    }
  })
  void start()

  return {
    get state() {
      return store.state
    },
    subscribe: store.subscribe,
    token,
    renewAfterUnauthenticated,
    async providerToSignOutAt() {
      const { endSessionEndpoint } = await exchange.pages()
      return endSessionEndpoint === null ? null : new URL(settings.issuer).host
    },
    async signIn({ returnTo, popup = false }: SignInOptions = {}) {
      if (popup) await goToPopup()
      else await goToProvider(returnTo ?? currentPath(), false)
    },
    async signOut({ atProvider = false } = {}) {
      clearTimeout(retryTimer)
      const pages = atProvider ? await exchange.pages().catch(() => null) : null
      store.becomeSignedOut()
      hasSignedOut = true
      // At once: other windows must not go on where the server does not answer.
      if (exchange.isShared) windows.send({ kind: 'signedOut' })
      try {
        await alone(() => exchange.end())
      } catch {
        store.fail(failures.signOutIncomplete)
        return
      }
      if (pages === null || pages.endSessionEndpoint === null) return
      location.assign(endSessionUrl(pages.endSessionEndpoint, settings.clientId))
    },
    development: null,
  }
}

function currentPath(): string {
  return `${location.pathname}${location.search}${location.hash}`
}
