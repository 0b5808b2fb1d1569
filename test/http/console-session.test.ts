import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { authorizationUrl, beginLogin, pageUrl, refusalIn } from '../../console/src/session/authorization.ts'
import { type Grant, LoginError, type TokenExchange } from '../../console/src/session/exchange.ts'
import { createOidcSession } from '../../console/src/session/oidc-session.ts'
import { tokensOf } from '../../console/src/session/one-person.ts'
import { keepPending, ownPath, takeMark, takePending } from '../../console/src/session/pending-login.ts'
import { createRenewal } from '../../console/src/session/renewal.ts'
import type { Session } from '../../console/src/session/session.ts'
import { createSessionStore } from '../../console/src/session/session-store.ts'

const kept = new Map<string, string>()
beforeEach(() => {
  kept.clear()
  vi.stubGlobal('location', { origin: 'https://console.test' })
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  })
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the page that a login comes back to', () => {
  it.each(['/', '/keys/ukey_1?tab=use#x', '/#/user-keys', '/열쇠'])('may be %s', (path) => {
    expect(decodeURI(ownPath(path))).toBe(path)
  })

  it.each([
    'https://evil.test/',
    '//evil.test/',
    '/\\evil.test/',
    '\\\\evil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '/.//evil.test',
    '/x/..//evil.test',
    '/%2e//evil.test',
    'javascript:alert(1)',
    'keys',
    '',
    '/console/callback?code=x',
    '/./console/callback',
  ])('is the first one instead of %j', (path) => {
    expect(ownPath(path)).toBe('/')
  })
})

describe('a pending login', () => {
  it('can be answered once', () => {
    const pending = beginLogin('/keys', false)
    keepPending(pending)
    expect(takePending()).toEqual(pending)
    expect(takePending()).toBe(null)
    expect(kept.size).toBe(0)
  })

  it('has other secrets each time, and sends none of them but the state and the nonce', async () => {
    const [one, other] = [beginLogin('/', false), beginLogin('/', false)]
    for (const name of ['state', 'nonce', 'codeVerifier'] as const) {
      expect(one[name]).not.toBe(other[name])
      expect(one[name].length).toBeGreaterThanOrEqual(43)
    }
    const settings = {
      mode: 'oidc',
      url: 'https://console.test',
      callbackPath: '/console/callback',
      issuer: 'https://login.test',
      clientId: 'console',
      scopes: 'openid profile',
      parameters: [
        ['resource', 'urn:one'],
        ['resource', 'urn:two'],
        ['prompt', 'consent'],
      ],
      token: 'access_token',
      exchange: 'server',
    } as const
    const url = new URL(await authorizationUrl('https://login.test/auth?tenant=1', settings, one, 'login'))
    expect(url.href).not.toContain(one.codeVerifier)
    expect(url.searchParams.getAll('resource')).toEqual(['urn:one', 'urn:two'])
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      tenant: '1',
      response_type: 'code',
      redirect_uri: 'https://console.test/console/callback',
      code_challenge_method: 'S256',
      state: one.state,
      nonce: one.nonce,
      prompt: 'login consent',
    })
    const silent = new URL(await authorizationUrl('https://login.test/auth', settings, one, 'none'))
    expect(silent.searchParams.getAll('prompt')).toEqual(['none'])
  })

  it('is refused in words of ours, whatever the address says', () => {
    const messageOf = (query: string) => refusalIn(new URLSearchParams(query))?.message
    expect(messageOf('code=x')).toBe(undefined)
    expect(messageOf('error=access_denied')).toContain('refused: access_denied.')
    expect(messageOf('error=Call+0800')).toContain('refused: an unknown error.')
    expect(messageOf('error=access_denied&error_description=Call+0800')).not.toContain('0800')
    expect(messageOf('')).toContain('an answer without a code')
  })

  it('goes to no script', () => {
    expect(() => pageUrl('javascript:alert(1)')).toThrow('https')
  })
})

describe('a session', () => {
  const grantOf = (changes: Partial<Grant> = {}): Grant => ({
    token: 'first',
    expiresInSeconds: 600,
    subject: 'ada',
    name: 'Ada',
    isRenewable: true,
    ...changes,
  })
  const outage = () => new LoginError({ code: 'unavailable', message: 'down', retryAfterSeconds: 5 })
  const ended = () => new LoginError({ code: 'refused', message: 'ended' })

  function open(renew: () => Promise<Grant | null>, grant: Partial<Grant> = {}) {
    const exchange = { isShared: false, renew: vi.fn(renew) }
    const store = createSessionStore()
    const renewal = createRenewal(store, exchange as unknown as TokenExchange)
    store.accept(grantOf(grant))
    return {
      store,
      exchange,
      ...renewal,
      get state() {
        return store.state
      },
    }
  }

  it('is renewed a minute before its token ends, once for all who ask', async () => {
    const { token, exchange } = open(async () => grantOf({ token: 'second' }))
    vi.advanceTimersByTime(539_000)
    expect(await token()).toBe('first')
    vi.advanceTimersByTime(2000)
    expect(await Promise.all([token(), token(), token()])).toEqual(['second', 'second', 'second'])
    expect(exchange.renew).toHaveBeenCalledOnce()
  })

  it('is renewed after a 401, but a token that was replaced meanwhile is just given', async () => {
    const { renewAfterUnauthenticated, exchange } = open(async () => grantOf({ token: 'second' }))
    vi.advanceTimersByTime(20_000)
    expect(await renewAfterUnauthenticated('first')).toBe('second')
    expect(await renewAfterUnauthenticated('first')).toBe('second')
    expect(exchange.renew).toHaveBeenCalledOnce()
  })

  it('fails if the API refuses a token that is new: renewing it again would not help', async () => {
    const { renewAfterUnauthenticated, store, exchange } = open(async () => grantOf())
    await expect(renewAfterUnauthenticated('first')).rejects.toMatchObject({
      failure: { code: 'not-accepted' },
    })
    expect(store.state).toMatchObject({ kind: 'failed', reason: { code: 'not-accepted' } })
    expect(exchange.renew).not.toHaveBeenCalled()
  })

  it('is renewed if the API refuses a token that is new and has just expired', async () => {
    const { renewAfterUnauthenticated } = open(async () => grantOf({ token: 'second' }), {
      expiresInSeconds: 6,
    })
    vi.advanceTimersByTime(4000)
    const early = open(async () => grantOf({ token: 'second' }), { expiresInSeconds: 6 })
    await expect(early.renewAfterUnauthenticated('first')).rejects.toMatchObject({
      failure: { code: 'not-accepted' },
    })
    vi.advanceTimersByTime(2000)
    expect(await renewAfterUnauthenticated('first')).toBe('second')
  })

  it('lasts as long as its token while the provider is down, and comes back after it', async () => {
    let isDown = true
    const { token, store } = open(async () => {
      if (isDown) throw outage()
      return grantOf({ token: 'second' })
    })
    vi.advanceTimersByTime(550_000)
    expect(await token()).toBe('first')
    expect(store.state.kind).toBe('signedIn')
    vi.advanceTimersByTime(60_000)
    const waiting = token()
    await vi.advanceTimersByTimeAsync(1)
    expect(store.state).toMatchObject({ kind: 'expired', failure: { code: 'unavailable' } })
    await vi.advanceTimersByTimeAsync(6000)
    isDown = false
    await vi.advanceTimersByTimeAsync(6000)
    expect(await waiting).toBe('second')
    expect(store.state).toEqual({ kind: 'signedIn', name: 'Ada', subject: 'ada' })
  })

  it('lets requests wait until the same person has signed in again', async () => {
    const { token, store } = open(() => Promise.reject(ended()))
    vi.advanceTimersByTime(550_000)
    const waiting = Promise.all([token(), token()])
    await vi.advanceTimersByTimeAsync(1)
    expect(store.state).toEqual({ kind: 'expired', name: 'Ada', subject: 'ada', failure: null })
    store.accept(grantOf({ token: 'third' }))
    expect(await waiting).toEqual(['third', 'third'])
  })

  it('sends no request of one person as another, or after a sign-out', async () => {
    for (const change of ['other', 'signedOut'] as const) {
      const { token, store } = open(() => Promise.reject(ended()))
      vi.advanceTimersByTime(550_000)
      const waiting = token()
      const refused = expect(waiting).rejects.toThrow(/Somebody else|signed out/)
      await vi.advanceTimersByTimeAsync(1)
      if (change === 'other') store.accept(grantOf({ subject: 'eve', token: 'of-eve' }))
      else store.becomeSignedOut()
      await refused
    }
  })

  it('sends no request of one person as another, also if another tab has signed them in', async () => {
    const eve = grantOf({ subject: 'eve', token: 'of-eve' })
    const renewed = open(async () => eve)
    const ada = tokensOf(renewed as unknown as Session, 'ada')
    expect(await ada.token()).toBe('first')
    vi.advanceTimersByTime(550_000)
    await expect(ada.token()).rejects.toThrow('Somebody else')
    const refused = open(async () => null)
    refused.store.accept(eve)
    const late = tokensOf(refused as unknown as Session, 'ada')
    await expect(late.renewAfterUnauthenticated('first')).rejects.toThrow('Somebody else')
  })

  it('that was signed in again is not ended by a renewal that fails late', async () => {
    const late = Promise.withResolvers<Grant>()
    const { token, store } = open(() => late.promise)
    vi.advanceTimersByTime(550_000)
    const asked = token()
    store.accept(grantOf({ token: 'third' }))
    late.reject(ended())
    expect(await asked).toBe('third')
    expect(store.state.kind).toBe('signedIn')
  })

  it('that nobody can renew expires by itself, also after the longest time of a timer', async () => {
    const short = open(async () => null, { isRenewable: false })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(short.store.state.kind).toBe('expired')
    const long = open(async () => null, { isRenewable: false, expiresInSeconds: 40 * 86_400 })
    await vi.advanceTimersByTimeAsync(1000)
    expect(long.store.state.kind).toBe('signedIn')
  })

  it('is remembered by a mark that is no secret, which counts once', () => {
    open(async () => null)
    expect([...kept]).toEqual([['keystead-signed-in', 'yes']])
    expect([takeMark(), takeMark()]).toEqual([true, false])
  })
})

describe('a login while the provider does not answer', () => {
  const settings = {
    mode: 'oidc',
    url: 'https://console.test',
    callbackPath: '/console/callback',
    issuer: 'https://login.test',
    clientId: 'console',
    scopes: 'openid',
    parameters: [],
    token: 'access_token',
    exchange: 'server',
  } as const
  const pagesOfProvider = {
    authorizationEndpoint: 'https://login.test/auth',
    endSessionEndpoint: null,
  }

  async function open() {
    const assign = vi.fn()
    vi.stubGlobal('location', { origin: settings.url, pathname: '/user-keys', search: '', hash: '', assign })
    const popup = { close: vi.fn(), location: { replace: vi.fn() } }
    vi.stubGlobal('window', { open: () => popup })
    const pages = vi.fn<TokenExchange['pages']>()
    pages.mockRejectedValue(new LoginError({ code: 'unavailable', message: 'down', retryAfterSeconds: 5 }))
    const exchange = { isShared: false, pages, renew: async () => null } as unknown as TokenExchange
    const session = createOidcSession(settings, exchange, null)
    await vi.advanceTimersByTimeAsync(1)
    expect(session.state.kind).toBe('signedOut')
    return { session, pages, assign, popup }
  }

  it('goes on by itself once it does', async () => {
    const { session, pages, assign } = await open()
    await session.signIn()
    expect(session.state).toMatchObject({ kind: 'failed', reason: { retryAfterSeconds: 5 } })
    pages.mockResolvedValue(pagesOfProvider)
    await vi.advanceTimersByTimeAsync(5000)
    await vi.waitFor(() => expect(assign).toHaveBeenCalledOnce(), { timeout: 30_000 })
    expect(assign.mock.calls[0]?.[0]).toMatch(/^https:\/\/login\.test\/auth\?/)
  })

  it('is tried five times, then waits for a click, which counts anew', async () => {
    const { session, pages, assign } = await open()
    await session.signIn()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(pages).toHaveBeenCalledTimes(5)
    expect(session.state).toEqual({ kind: 'failed', reason: { code: 'unavailable', message: 'down' } })
    await session.signIn()
    expect(session.state).toMatchObject({ reason: { retryAfterSeconds: 5 } })
    pages.mockResolvedValue(pagesOfProvider)
    // A click does not wait for the next attempt, which then is not made.
    await session.signIn()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(assign).toHaveBeenCalledOnce()
    expect(pages).toHaveBeenCalledTimes(7)
  })

  it('is not tried again after a sign-out', async () => {
    const { session, pages } = await open()
    await session.signIn()
    await session.signOut()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(pages).toHaveBeenCalledOnce()
  })

  it('closes its pop-up window: only a click opens another', async () => {
    const { session, pages, popup } = await open()
    await session.signIn({ popup: true })
    expect(popup.close).toHaveBeenCalledOnce()
    expect(session.state).toEqual({ kind: 'failed', reason: { code: 'unavailable', message: 'down' } })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(pages).toHaveBeenCalledOnce()
  })
})
