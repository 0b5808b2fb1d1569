import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authorizationUrl, beginLogin } from '../../console/src/session/authorization.ts'
import { outcomeOf } from '../access/key-mutations.ts'
import { askForTokens, type FilledForm, type IssuedTokens, logInWithCode, walk } from '../auth/log-in.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { base64, type Client, createClient } from '../support/story.ts'
import {
  agentsClient,
  clientSecret,
  consoleClient,
  consoleUrl,
  keysteadClient,
  password,
  redirectUri,
} from './keycloak-realm.ts'
import { type KeycloakServer, prepareKeycloak } from './keycloak-server.ts'
import { startTokenLoad } from './token-load.ts'

const distribution = process.env['KEYCLOAK_HOME'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'keystead-providers-'))
const viewer = '{ viewer { subject { id } displayName kind projectId roles groups } }'
let keycloak: KeycloakServer
let keystead: ServerProcess

beforeAll(async () => {
  keycloak = await prepareKeycloak(distribution, folder)
  await keycloak.start()
  const issuers = [
    {
      name: 'keycloak',
      preset: 'keycloak',
      issuer: keycloak.issuer,
      settings: { client: keysteadClient, project: 'shop' },
    },
    {
      name: 'agents',
      issuer: keycloak.issuer,
      audiences: [agentsClient],
      rules: [
        {
          when: [{ claim: 'client_id', present: true }],
          project: 'shop',
          kind: 'SERVICE_AGENT',
          subject: { claim: 'client_id', only: ['svc-agent'] },
        },
      ],
    },
  ]
  const issuersFile = join(folder, 'issuers.json')
  writeFileSync(issuersFile, JSON.stringify({ version: 2, issuers }))
  keystead = await startServerProcess({
    PORT: '0',
    DATA_FOLDER: join(folder, 'data'),
    AUTH_ISSUERS_FILE: issuersFile,
    // Short, so that keys are fetched, and not to be had, while Keycloak restarts.
    AUTH_JWKS_CACHE_MINUTES: '1',
    RATE_LIMIT_UNITS: '0',
    CONSOLE_URL: consoleUrl,
    CONSOLE_OIDC_ISSUER: keycloak.issuer,
    CONSOLE_OIDC_CLIENT_ID: consoleClient,
    LOG_LEVEL: 'warn',
  })
})
afterAll(async () => {
  await keystead?.stop('SIGTERM')
  await keycloak?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function logIn(username: string): Promise<IssuedTokens> {
  return logInWithCode({
    authorizeUrl: keycloak.authorizeUrl,
    tokenUrl: keycloak.tokenUrl,
    client: consoleClient,
    redirectUri,
    scope: 'openid',
    fillIn: (page) => fillIn(page, username),
  })
}

function fillIn(page: string, username: string): FilledForm {
  const [, action] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
  if (action === undefined) throw new Error(`the page of the log-in has no form: ${page.slice(0, 500)}`)
  return { action: action.replaceAll('&amp;', '&'), fields: { username, password } }
}

/** Asks for the console's session as its page does. */
async function askSession(method: string, path: string, body?: object, cookie = '') {
  const response = await fetch(`${keystead.url}/console${path}`, {
    method,
    headers: { origin: consoleUrl, 'content-type': 'application/json', cookie },
    ...(body && { body: JSON.stringify(body) }),
  })
  const [setCookie = ''] = response.headers.getSetCookie()
  const text = await response.text()
  const content = text === '' ? null : JSON.parse(text)
  return { status: response.status, content, cookie: setCookie.split(';')[0] ?? '' }
}

async function tokenOfService(client: string): Promise<string> {
  const parameters = { grant_type: 'client_credentials', client_id: client, client_secret: clientSecret }
  return (await askForTokens(keycloak.tokenUrl, parameters)).access_token
}

const clientOf = (token: string): Client =>
  createClient(
    () => keystead.url,
    async () => token,
  )

const created = 'userKey { id }'

describe('behind Keycloak', () => {
  it('a person who logs in with code and PKCE has the roles of the client, and creates, encrypts and decrypts', async () => {
    const tokens = await logIn('alice')
    const alice = clientOf(tokens.access_token)
    expect(await alice.ask(viewer)).toEqual({
      viewer: {
        subject: { id: `user:${decodeJwt(tokens.access_token).sub}` },
        displayName: 'alice',
        kind: 'USER',
        projectId: 'shop',
        roles: ['KMS_MANAGER'],
        groups: [],
      },
    })
    const { userKey } = await alice.mutate('createUserKey', { name: 'orders' }, created)
    const plaintext = base64('hello')
    const { ciphertext } = await alice.mutate('encrypt', { key: userKey.id, plaintext }, 'ciphertext')
    expect(await alice.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext })
  })

  it('a group gives its role, and its name counts on access lists', async () => {
    const [alice, bob] = [
      clientOf((await logIn('alice')).access_token),
      clientOf((await logIn('bob')).access_token),
    ]
    expect(await bob.ask(viewer)).toMatchObject({
      viewer: { kind: 'USER', roles: ['KMS_USER'], groups: ['kms-users'] },
    })
    expect(await outcomeOf(bob, 'createUserKey', { name: 'mine' })).toBe('FORBIDDEN')
    const plaintext = base64('hello')
    for (const [name, group, expected] of [
      ['for-users', 'group:kms-users', 'EncryptPayload'],
      ['for-others', 'group:others', 'FORBIDDEN'],
    ] as const) {
      const accessControl = { enabled: true, allowedSubjects: [group] }
      const { userKey } = await alice.mutate('createUserKey', { name, accessControl }, created)
      expect(await outcomeOf(bob, 'encrypt', { key: userKey.id, plaintext }), name).toBe(expected)
    }
  })

  it('a person logs in to the console, whose session is renewed and ended', async () => {
    const { content: settings } = await askSession('GET', '/settings.json')
    // Keycloak takes its time after a start.
    await expect
      .poll(async () => (await askSession('GET', '/session/provider')).status, { timeout: 60_000 })
      .toBe(200)
    const { content: pages } = await askSession('GET', '/session/provider')
    expect(pages.authorizationEndpoint).toBe(keycloak.authorizeUrl)
    const pending = beginLogin('/', false)
    const url = await authorizationUrl(pages.authorizationEndpoint, settings, pending, null)
    const reply = await walk(url, {
      redirectUri: `${consoleUrl}/console/callback`,
      fillIn: (page) => fillIn(page, 'alice'),
    })
    expect(Object.fromEntries(reply)).toMatchObject({ state: pending.state, iss: keycloak.issuer })
    const { codeVerifier, nonce } = pending
    const given = { code: reply.get('code'), iss: reply.get('iss'), codeVerifier, nonce }
    const first = await askSession('POST', '/session', given)
    expect(first).toMatchObject({ status: 200, content: { isRenewable: true } })
    const renewed = await askSession('POST', '/session/renew', {}, first.cookie)
    expect(renewed).toMatchObject({ status: 200, content: { subject: first.content.subject } })
    expect(await clientOf(renewed.content.token).ask(viewer)).toMatchObject({
      viewer: { displayName: 'alice', roles: ['KMS_MANAGER'] },
    })
    expect(await askSession('DELETE', '/session', undefined, renewed.cookie)).toMatchObject({ status: 204 })
    expect(await askSession('POST', '/session/renew', {}, renewed.cookie)).toMatchObject({ status: 401 })
  })

  it('a service has the roles of its account', async () => {
    const token = await tokenOfService('payments')
    const payments = clientOf(token)
    expect(await payments.ask(viewer)).toMatchObject({
      viewer: {
        subject: { id: `service-account:${decodeJwt(token).sub}` },
        kind: 'SERVICE_ACCOUNT',
        roles: ['KMS_USER'],
      },
    })
    expect(await outcomeOf(payments, 'createUserKey', { name: 'mine' })).toBe('FORBIDDEN')
  })

  it('a client that a rule names is a service agent with a key of its own, and another one is refused', async () => {
    const agent = clientOf(await tokenOfService('svc-agent'))
    expect(await agent.ask(viewer)).toMatchObject({
      viewer: { subject: { id: 'service-agent:Svc-Agent' }, kind: 'SERVICE_AGENT', roles: [] },
    })
    const plaintext = base64('secret')
    const { ciphertext } = await agent.mutate('encryptWithServiceKey', { plaintext }, 'ciphertext')
    expect(await agent.mutate('decryptWithServiceKey', { ciphertext }, 'plaintext')).toMatchObject({
      plaintext,
    })
    const other = await clientOf(await tokenOfService('svc-other')).send(viewer)
    expect(other).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it('a person without a role at this server is for another audience, and no ID or refresh token counts', async () => {
    const [alice, carol] = [await logIn('alice'), await logIn('carol')]
    for (const token of [carol.access_token, alice.id_token, alice.refresh_token]) {
      const answer = await clientOf(token ?? '').send(viewer)
      expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    }
  })

  it('a new signing key and a restart of Keycloak fail no request', async () => {
    const manager = clientOf((await logIn('alice')).access_token)
    const { userKey } = await manager.mutate('createUserKey', { name: 'under-load' }, created)
    const load = startTokenLoad({
      getUrl: () => keystead.url,
      keyId: userKey.id,
      newToken: () => tokenOfService('payments'),
    })
    const report = (moment: string) => {
      const { requests, unavailable, failures, slowestMs } = load.figures()
      console.log(
        `${moment}: ${requests} requests, ${unavailable} times 503, ${failures.length} failed, slowest ${slowestMs} ms`,
      )
    }
    await load.answered(200)
    report('before')

    const oldKey = String(decodeProtectedHeader(await tokenOfService('payments')).kid)
    const published = await keycloak.addSigningKey()
    const newKey = String(decodeProtectedHeader(await tokenOfService('payments')).kid)
    expect(newKey).not.toBe(oldKey)
    expect(published).toEqual(expect.arrayContaining([oldKey, newKey]))
    await load.usedKey(newKey)
    await load.answered(200)
    report('after the new signing key')

    await keycloak.stop()
    await load.answered(200)
    await expect(tokenOfService('payments')).rejects.toThrow('fetch failed')
    report('while Keycloak is stopped')
    await keycloak.start()
    await tokenOfService('payments')
    await load.answered(200)
    report('after the restart')

    const { failures, succeeded, signingKeys } = await load.stop()
    expect(failures).toEqual([])
    expect(succeeded).toBeGreaterThan(800)
    expect(signingKeys).toEqual([oldKey, newKey])
  })
})
