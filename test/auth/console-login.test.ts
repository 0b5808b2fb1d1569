import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLoginProvider, type LoginProvider } from '../../src/auth/console-login.ts'
import { discoveryUrlsOf } from '../../src/auth/discovery.ts'
import type { FetchTrouble } from '../../src/auth/fetch-trouble.ts'

/** What a provider answers, which is not as it should be. */
interface FakeProvider {
  /** Changes of the discovery document. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Path of its revocation endpoint. */
  readonly revocation?: string
  readonly answer: (form: URLSearchParams, request: IncomingMessage) => Answered
}
type Answered = {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body: unknown
}

const clientSecret = 'secret-of-client'
const kept = { refreshToken: 'refresh-token-1', subject: 'ada', name: 'Ada' }

async function startWith({ document = {}, revocation, answer }: FakeProvider) {
  const asked: string[] = []
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    asked.push(`${request.method} ${request.url}`)
    const json = { 'content-type': 'application/json' }
    if (request.url?.startsWith('/.well-known/')) {
      const endpoints = {
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        ...(revocation !== undefined && { revocation_endpoint: `${issuer}${revocation}` }),
      }
      response.writeHead(200, json).end(JSON.stringify({ issuer, ...endpoints, ...document }))
      return
    }
    const { status = 200, headers = {}, body } = answer(new URLSearchParams(await text(request)), request)
    response.writeHead(status, { ...json, ...headers }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const troubles: FetchTrouble[] = []
  const provider: LoginProvider = createLoginProvider(
    {
      issuer,
      discoveryUrls: discoveryUrlsOf(issuer),
      caFile: null,
      clientId: 'console',
      clientSecret,
      redirectUri: 'https://console.test/console/callback',
      parameters: [['resource', 'urn:keystead']],
      token: 'access_token',
    },
    { lifetimeMs: 60_000, clockToleranceSeconds: 5, onFailure: (trouble) => void troubles.push(trouble) },
  )
  return { provider, troubles, asked, issuer }
}

const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

/** An ID token whose signature nobody checks: it comes from the token endpoint itself. */
function idTokenOf(issuer: string, claims: object): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const parts = [
    { alg: 'RS256' },
    { iss: issuer, aud: 'console', iat: nowSeconds, exp: nowSeconds + 60, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return `${parts.join('.')}.c2lnbmF0dXJl`
}

const tokens = { access_token: 'access', token_type: 'bearer', expires_in: 60 }

describe('a provider that answers in its own way', () => {
  test('has what it was sent cut out of its texts, before they are logged', async () => {
    const { provider, troubles } = await startWith({
      answer: (form) => ({
        status: 400,
        body: {
          error: form.get('grant_type') === 'refresh_token' ? 'invalid_grant' : 'invalid_client',
          error_description: `no ${form.get('refresh_token') ?? form.get('code')} of ${clientSecret}\nthanks`,
        },
      }),
    })
    const refused = await outcomeOf(provider.renew(kept))
    expect(refused).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'The identity provider refused: invalid_grant. Sign in again.',
      refusal: { reason: 'the provider answers invalid_grant: no [not logged] of [not logged] thanks' },
    })
    const reply = { code: 'the-code', iss: null, codeVerifier: 'v'.repeat(43), nonce: 'n' }
    const unavailable = await outcomeOf(provider.redeem(reply))
    expect(unavailable).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: undefined })
    expect(troubles).toMatchObject([{ code: 'PROVIDER_REFUSES' }])
    expect(troubles[0]?.text).toContain('no [not logged] of [not logged] thanks')
    expect(JSON.stringify([refused, unavailable, troubles])).not.toMatch(/refresh-token-1|the-code|secret-of/)
  })

  test('has what it was sent cut out also where a long text of it is cut off', async () => {
    const { provider } = await startWith({
      answer: (form) => ({
        status: 400,
        body: {
          error: 'invalid_grant',
          error_description: `${'x'.repeat(290)}${form.get('refresh_token')}`,
        },
      }),
    })
    const refused = await outcomeOf(provider.renew(kept))
    expect(JSON.stringify(refused)).toContain('xxx[not logge')
    expect(JSON.stringify(refused)).not.toContain('refresh')
  })

  test('is not followed elsewhere with a refresh token', async () => {
    const { provider, asked } = await startWith({
      answer: () => ({ status: 307, headers: { location: '/elsewhere' }, body: {} }),
    })
    expect(await outcomeOf(provider.renew(kept))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(asked.at(-1)).toBe('POST /token')
  })

  test('is cut off when it answers too much', async () => {
    const { provider, troubles } = await startWith({
      answer: () => ({ body: { ...tokens, filler: 'x'.repeat(1_100_000) } }),
    })
    expect(await outcomeOf(provider.renew(kept))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(troubles).toMatchObject([{ code: 'TOO_LARGE' }])
  })

  test('cannot renew the session of one person as another', async () => {
    const { provider, issuer } = await startWith({
      answer: () => ({ body: { ...tokens, id_token: idTokenOf(issuer, { sub: 'eve' }) } }),
    })
    expect(await outcomeOf(provider.renew(kept))).toMatchObject({
      code: 'UNAUTHENTICATED',
      refusal: { reason: 'the renewed ID token is for another subject' },
    })
  })

  test.each([
    ['another client', { aud: 'other' }],
    ['another issuer', { iss: 'https://other.test' }],
    ['the past', { exp: 1 }],
  ])('has its ID token refused if that is of %s', async (_what, claims) => {
    const { provider, issuer } = await startWith({
      answer: () => ({ body: { ...tokens, id_token: idTokenOf(issuer, { sub: 'ada', ...claims }) } }),
    })
    expect(await outcomeOf(provider.renew(kept))).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('may keep the refresh token, and tell no name', async () => {
    const { provider } = await startWith({ answer: () => ({ body: tokens }) })
    expect(await provider.renew(kept)).toEqual({
      token: 'access',
      expiresInSeconds: 60,
      subject: 'ada',
      name: 'Ada',
      refreshToken: 'refresh-token-1',
    })
  })

  test('is asked with the resource, and with the secret, as RFC 6749 encodes it, in the header only', async () => {
    const seen: { form: Record<string, string>; authorization: string | undefined }[] = []
    const { provider } = await startWith({
      answer(form, { headers }) {
        seen.push({ form: Object.fromEntries(form), authorization: headers.authorization })
        return { body: tokens }
      },
    })
    await provider.renew(kept)
    expect(seen).toEqual([
      {
        form: { grant_type: 'refresh_token', refresh_token: 'refresh-token-1', resource: 'urn:keystead' },
        authorization: `Basic ${Buffer.from('console:secret%2Dof%2Dclient').toString('base64')}`,
      },
    ])
  })

  test('revokes what a session was renewed to, also if the browser has not received that', async () => {
    const revoked: (string | null)[] = []
    let renewals = 0
    const { provider } = await startWith({
      revocation: '/revoke',
      answer(form, { url }) {
        if (url === '/token') return { body: { ...tokens, refresh_token: `renewed-${++renewals}` } }
        revoked.push(form.get('token'))
        return { body: {} }
      },
    })
    for (const isUnderWay of [false, true]) {
      const renewing = provider.renew(kept)
      if (!isUnderWay) await renewing
      await provider.revoke(kept.refreshToken)
      await renewing
    }
    expect(revoked).toEqual(['renewed-1', 'renewed-2'])
    await provider.renew(kept)
    expect(renewals).toBe(3)
  })

  test('is shared with what is left of the life of its token', async () => {
    let renewals = 0
    const { provider } = await startWith({
      answer: () => ({ body: { ...tokens, expires_in: 20, refresh_token: `renewed-${++renewals}` } }),
    })
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { refreshToken } = await provider.renew(kept)
    vi.advanceTimersByTime(12_000)
    // A tab that has not received the answer, and renews in time with what it gets now.
    expect(await provider.renew(kept)).toMatchObject({ refreshToken, expiresInSeconds: 8 })
    vi.advanceTimersByTime(12_000)
    expect(await provider.renew(kept)).toMatchObject({ refreshToken, expiresInSeconds: 0 })
    expect(renewals).toBe(1)
  })

  test('says when to come back, within reason', async () => {
    const after = ['30', '9999', 'soon']
    const { provider } = await startWith({
      answer: () => ({ status: 503, headers: { 'retry-after': after.shift() ?? '' }, body: {} }),
    })
    const waits = []
    for (let time = 0; time < 3; time++) waits.push(await outcomeOf(provider.renew(kept)))
    expect(waits).toMatchObject([
      { retryAfterSeconds: 30 },
      { retryAfterSeconds: 120 },
      { retryAfterSeconds: 5 },
    ])
  })

  test.each([
    ['no token endpoint', { token_endpoint: undefined }],
    ['one without TLS on another machine', { token_endpoint: 'http://kms.test/token' }],
    ['a script as its login page', { authorization_endpoint: 'javascript:alert(1)' }],
    ['another issuer', { issuer: 'https://other.test' }],
  ])('cannot be used if its document names %s', async (_what, document) => {
    const { provider, troubles, asked } = await startWith({ document, answer: () => ({ body: tokens }) })
    expect(await outcomeOf(provider.renew(kept))).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 5 })
    expect(troubles).toHaveLength(1)
    expect(asked).not.toContain('POST /token')
  })
})
