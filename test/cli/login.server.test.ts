import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type App, createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { visitPages, walk } from '../auth/log-in.ts'
import { commandLineClientId, fillIn, openRealProvider, type RealProvider } from '../auth/real-provider.ts'
import { buildConsole } from '../support/build-console.ts'
import { createTestDatabase } from '../support/databases.ts'
import { createPerson, type Person, type UserOptions } from './run-as-user.ts'

let provider: RealProvider
let app: App
let dispose: () => Promise<void>
let person: Person

beforeAll(async () => {
  buildConsole()
  provider = await openRealProvider()
  const database = await createTestDatabase()
  const file = join(database.dataFolder, 'issuers.json')
  const settings = { audience: 'keystead', project: { claim: 'tenant' } }
  const entry = { name: 'sso', preset: 'rfc9068', issuer: provider.issuer, settings }
  writeFileSync(file, JSON.stringify({ version: 2, issuers: [entry] }))
  app = await createApp(
    readConfig({
      PORT: '0',
      DATA_FOLDER: database.dataFolder,
      DATABASE_URL: database.databaseUrl ?? '',
      AUTH_ISSUERS_FILE: file,
      CONSOLE_URL: 'https://console.test',
      CONSOLE_OIDC_ISSUER: provider.issuer,
      CONSOLE_OIDC_CLIENT_ID: 'keystead-console',
      CONSOLE_OIDC_SCOPES: 'openid profile offline_access keys:use',
      CONSOLE_OIDC_PARAMETERS: 'resource=urn:keystead&prompt=consent',
      CLI_OIDC_CLIENT_ID: commandLineClientId,
    }),
    { log: createLog('silent', { write() {} }) },
  )
  dispose = async () => {
    await app.close()
    await database.dispose()
  }
})
afterAll(async () => {
  await dispose()
  provider.stop()
})
beforeEach(() => {
  person = createPerson()
})
afterEach(() => person.remove())

const profile = (name = 'default') => join(person.config, `${name}.json`)
const saved = (name?: string) => JSON.parse(readFileSync(profile(name), 'utf8'))
const save = (changes: object) =>
  writeFileSync(profile(), JSON.stringify({ ...saved(), ...changes }), { mode: 0o600 })
const expire = () => save({ expiresAt: '2026-01-01T00:00:00.000Z' })
const renewals = () => provider.received.filter((line) => line === 'POST /token').length

/** Goes through the pages of the provider like a browser, and back to the program. */
async function useBrowser(address: string, user: string): Promise<string> {
  const redirectUri = new URL(address).searchParams.get('redirect_uri') ?? ''
  const answer = await walk(address, { redirectUri, fillIn: (page) => fillIn(page, user) })
  return (await fetch(`${redirectUri}?${answer}`)).text()
}

function addressIn(said: string): string {
  return /^ {2}(https?:\S+)$/m.exec(said)?.[1] ?? ''
}

/** Signs in with the code flow. `browse` uses the address. */
async function logIn(
  args: readonly string[] = [],
  browse: (address: string) => Promise<unknown> = (address) => useBrowser(address, 'alice'),
  options: UserOptions = {},
) {
  const pages: Promise<unknown>[] = []
  const onSaid = (said: string) => {
    const address = addressIn(said)
    if (address !== '') pages.push(browse(address))
  }
  const result = await person.runWith({ ...options, onSaid }, 'login', '--server', app.url, ...args)
  return { ...result, pages: await Promise.all(pages) }
}

describe('keystead login', () => {
  it('signs in with a browser, saves what only the person can read, and is used by other commands', async () => {
    const { code, printed, said, pages } = await logIn()
    expect({ code, printed }).toEqual({ code: 0, printed: '' })
    expect(said).toContain(
      `Signing in at ${provider.issuer} as the client ${commandLineClientId}, with the scopes "openid profile offline_access keys:use", the parameters "resource=urn:keystead", "prompt=consent".\n`,
    )
    expect(said).toMatch(/Signed in to http\S+ as .*user:alice.* in project shop\.\n$/)
    expect(pages).toEqual(['You can close this page. The terminal says whether you are signed in.\n'])
    const query = new URL(addressIn(said)).searchParams
    expect(Object.fromEntries(query)).toMatchObject({ code_challenge_method: 'S256', response_type: 'code' })
    expect(query.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)

    expect(statSync(person.config).mode & 0o777).toBe(0o700)
    expect(statSync(profile()).mode & 0o777).toBe(0o600)
    expect(readdirSync(person.config)).toEqual(['default.json'])
    const { token, source } = saved()
    expect(said).not.toContain(token)
    expect(said).not.toContain(source.refreshToken)
    expect((await person.run('whoami')).printed).toMatch(/^Subject +user:alice$/m)
  })

  it('signs in with a code on another machine', async () => {
    const pages: Promise<void>[] = []
    const args = ['login', '--server', app.url, '--device', '--profile', 'build-host']
    const onSaid = (said: string) => {
      const address = addressIn(said)
      if (address !== '') pages.push(confirmDevice(address, 'bob'))
    }
    const result = await person.runWith({ onSaid }, ...args)
    await Promise.all(pages)
    expect(result.said).toMatch(/compare or type in the code: [A-Z0-9-]{4,}/)
    expect(result).toMatchObject({ code: 0, said: expect.stringContaining('user:bob') })
    expect(await person.run('whoami')).toMatchObject({
      code: 1,
      said: expect.stringContaining('not signed in'),
    })
    const environment = { KEYSTEAD_PROFILE: 'build-host' }
    expect((await person.runWith({ environment }, 'whoami')).printed).toContain('user:bob')
  })

  it('opens the address if asked to, and goes on without a browser', async () => {
    const opened: string[] = []
    const openBrowser = async (url: string) => void opened.push(url)
    const { said } = await logIn(['--open'], undefined, { openBrowser })
    expect(opened).toEqual([addressIn(said)])
    expect(await logIn(['--open'])).toMatchObject({
      code: 0,
      said: expect.stringContaining('cannot be opened'),
    })
  })

  it('takes no answer that is not of this login, and goes on waiting', async () => {
    const { code, pages } = await logIn([], async (address) => {
      const redirectUri = new URL(address).searchParams.get('redirect_uri') ?? ''
      const answers = await Promise.all(
        [
          `${redirectUri}?code=stolen&state=guessed`,
          `${redirectUri}?error=access_denied`,
          new URL('/favicon.ico', redirectUri).href,
        ].map(async (url) => (await fetch(url)).status),
      )
      await useBrowser(address, 'alice')
      return answers
    })
    expect({ code, pages }).toEqual({ code: 0, pages: [[400, 400, 404]] })
  })

  it('says what the provider refuses, in one line without control characters, and saves nothing', async () => {
    const refused = await logIn([], async (address) => {
      const { redirect_uri: redirectUri, state } = Object.fromEntries(new URL(address).searchParams)
      const answer = new URLSearchParams({
        state: String(state),
        iss: provider.issuer,
        error: 'access_denied',
        error_description: 'no \u001b[2Jentry',
      })
      return (await fetch(`${redirectUri}?${answer}`)).text()
    })
    expect(refused).toMatchObject({ code: 1, printed: '' })
    expect(refused.said).toContain(`${provider.issuer} refuses: access_denied (no \\u001b[2Jentry).`)
    // An answer of another provider (RFC 9207).
    const mixedUp = await logIn([], async (address) => {
      const { redirect_uri: redirectUri, state } = Object.fromEntries(new URL(address).searchParams)
      const answer = new URLSearchParams({ state: String(state), iss: 'https://evil.test', code: 'x' })
      return (await fetch(`${redirectUri}?${answer}`)).text()
    })
    expect(mixedUp).toMatchObject({ code: 1, said: expect.stringContaining('"iss"') })
    const unknown = await logIn(['--client-id', 'nobody'], async () => null, {
      signal: AbortSignal.timeout(500),
    })
    expect(unknown).toMatchObject({ code: 130, said: expect.stringMatching(/Interrupted\.\n$/) })
    const device = await person.run('login', '--server', app.url, '--client-id', 'nobody', '--device')
    expect(device).toMatchObject({ code: 1, said: expect.stringContaining('Check the client ID') })
    expect(existsSync(person.config)).toBe(false)
  })

  it('saves no token that the server does not accept, and revokes it', async () => {
    const issuer = ['--issuer', provider.issuer, '--client-id', commandLineClientId]
    const before = provider.received.filter((line) => line === 'POST /token/revocation').length
    // Without the resource, the access token is opaque.
    const opaque = await logIn([
      ...issuer,
      '--parameter',
      'prompt=consent',
      '--scopes',
      'openid offline_access',
    ])
    expect(opaque).toMatchObject({ code: 1, said: expect.stringContaining('refuses the token') })
    expect(opaque.said).toContain(
      'with the scopes "openid offline_access", the parameters "prompt=consent".\n',
    )
    expect(provider.received.filter((line) => line === 'POST /token/revocation').length).toBe(before + 1)
    expect(existsSync(profile())).toBe(false)
  })

  it('refuses to send a login in clear over a network, and a server that names nothing', async () => {
    expect(await person.run('login', '--server', 'http://keystead.example.com')).toMatchObject({
      code: 1,
      said: expect.stringContaining('needs an https server'),
    })
    expect(
      await person.run('login', '--server', app.url, '--issuer', 'http://x.test', '--client-id', 'x'),
    ).toMatchObject({ code: 1, said: expect.stringContaining('must be an https URL') })
    expect(await person.run('login', '--server', app.url, '--issuer', 'https://other.test')).toMatchObject({
      code: 1,
      said: expect.stringContaining('names no client for command lines at https://other.test'),
    })
    expect(await person.run('login', '--server', `${app.url}/x`)).toMatchObject({ code: 1, printed: '' })
    expect(await person.run('login')).toMatchObject({
      code: 2,
      said: expect.stringContaining('--server URL'),
    })
  })
})

describe('a saved login', () => {
  it('is renewed when its token has expired, once for commands that run at the same time', async () => {
    await logIn()
    const first = saved()
    expire()
    const before = renewals()
    const results = await Promise.all(Array.from({ length: 4 }, () => person.run('whoami', '--json')))
    expect(results.map(({ code, said }) => ({ code, said }))).toEqual(Array(4).fill({ code: 0, said: '' }))
    expect(renewals()).toBe(before + 1)
    expect(saved().source.refreshToken).not.toBe(first.source.refreshToken)
    expect(readdirSync(person.config)).toEqual(['default.json'])
    expect(statSync(profile()).mode & 0o777).toBe(0o600)
  })

  it('is renewed when the server refuses its token, and a lock of a crash does not stop that', async () => {
    await logIn()
    save({ token: `${saved().token.slice(0, -8)}AAAAAAAA` })
    const lock = `${profile()}.lock`
    writeFileSync(lock, '')
    utimesSync(lock, new Date(0), new Date(0))
    expect(await person.run('whoami')).toMatchObject({ code: 0, said: '' })
    expect(readdirSync(person.config)).toEqual(['default.json'])
  })

  it('that the provider has ended says to sign in again', async () => {
    await logIn(['--profile', 'default'])
    expire()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    provider.forgetTokens()
    const { code, printed, said } = await person.run('keys', 'list')
    expect({ code, printed }).toEqual({ code: 1, printed: '' })
    expect(said).toMatch(/refuses: invalid_grant.* Sign in again: keystead login\n$/)
    expect(readdirSync(person.config)).toEqual(['default.json'])
    save({ source: { ...saved().source, refreshToken: null } })
    expect((await person.run('keys', 'list')).said).toMatch(/has expired.* Sign in again: keystead login\n$/)
    provider.failWith(503)
    const offline = await logIn()
    provider.failWith(null)
    expect(offline.code).toBe(1)
    expect(saved().source.refreshToken).toBe(null)
  })

  it('is not used if others can read it, or change its folder, or if it is damaged', async () => {
    await logIn()
    for (const [change, problem] of [
      [() => chmodSync(profile(), 0o644), `chmod 600 ${profile()}`],
      [() => chmodSync(person.config, 0o777), `chmod 700 ${person.config}`],
      [() => writeFileSync(profile(), '{"version":1}'), 'not a login of this release'],
      [() => writeFileSync(profile(), 'null'), 'not a login of this release'],
      [() => save({ version: 2 }), 'not a login of this release'],
    ] as const) {
      const whole = readFileSync(profile())
      change()
      const result = await person.run('whoami')
      expect(result).toMatchObject({ code: 1, printed: '', said: expect.stringContaining(problem) })
      chmodSync(profile(), 0o600)
      chmodSync(person.config, 0o700)
      writeFileSync(profile(), whole)
    }
    expect((await person.run('whoami')).code).toBe(0)
  })

  it('is for its server alone', async () => {
    await logIn()
    const before = provider.received.length
    const result = await person.run('whoami', '--server', 'http://127.0.0.1:9')
    expect(result).toMatchObject({
      code: 1,
      said: expect.stringContaining(`is for ${app.url}, and is not used for`),
    })
    const environment = { KEYSTEAD_URL: 'http://127.0.0.1:9' }
    expect((await person.runWith({ environment }, 'whoami')).said).toContain('is not used for')
    expect((await person.run('whoami', '--server', `${app.url}/graphql`)).code).toBe(0)
    save({ server: 'http://keystead.test' })
    expect((await person.run('whoami')).said).toContain('needs an https server, got http://keystead.test')
    expect(provider.received.length).toBe(before)
  })

  it('is revoked and deleted by keystead logout', async () => {
    await logIn()
    const login = saved()
    expect(await person.run('logout')).toMatchObject({ code: 0, said: `Signed out of ${app.url}.\n` })
    expect(existsSync(profile())).toBe(false)
    writeFileSync(profile(), JSON.stringify({ ...login, expiresAt: '2026-01-01T00:00:00Z' }), { mode: 0o600 })
    expect((await person.run('whoami')).said).toContain('invalid_grant')
    provider.failWith(503)
    const offline = await person.run('logout')
    provider.failWith(null)
    expect(offline).toMatchObject({
      code: 1,
      said: expect.stringContaining('deleted here, but was not revoked'),
    })
    expect(existsSync(profile())).toBe(false)
    expect(await person.run('logout')).toMatchObject({ code: 0, said: 'There is no login.\n' })
  })

  it('is deleted and replaced only after a renewal that is under way', async () => {
    await logIn()
    const previous = saved()
    expire()
    await person.run('whoami')
    const renewed = saved()
    const lock = `${profile()}.lock`
    const pause = () => new Promise((resolve) => setTimeout(resolve, 300))

    save(previous)
    writeFileSync(lock, '')
    const loggingOut = person.run('logout')
    await pause()
    expect(saved().token).toBe(previous.token)
    save(renewed)
    rmSync(lock)
    expect(await loggingOut).toMatchObject({ code: 0, said: `Signed out of ${app.url}.\n` })
    expect(readdirSync(person.config)).toEqual([])
    writeFileSync(profile(), JSON.stringify(renewed), { mode: 0o600 })
    expire()
    expect((await person.run('whoami')).said).toContain('invalid_grant')

    writeFileSync(lock, '')
    const loggingIn = logIn()
    await pause()
    await pause()
    expect(saved().source.refreshToken).toBe(renewed.source.refreshToken)
    rmSync(lock)
    expect((await loggingIn).code).toBe(0)
    expect(saved().source.refreshToken).not.toBe(renewed.source.refreshToken)
  })

  it('that is replaced by one for another server while a command waits to renew it is not used for the first one', async () => {
    await logIn()
    expire()
    const before = renewals()
    const lock = `${profile()}.lock`
    writeFileSync(lock, '')
    const running = person.run('whoami')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const other = { ...saved(), server: 'https://other.test', token: 'of-another-server', expiresAt: null }
    save(other)
    rmSync(lock)
    const { code, printed, said } = await running
    expect({ code, printed }).toEqual({ code: 1, printed: '' })
    expect(said).toBe(
      `The login is for https://other.test now, and is not used for ${app.url}. Sign in there with --profile NAME to keep both.\n`,
    )
    expect(saved()).toEqual(other)
    expect(renewals()).toBe(before)
  })

  it('that is replaced while a command is under way sends its token to no other server', async () => {
    const seen: (string | undefined)[] = []
    const refusing = createServer((request, response) => {
      seen.push(request.headers.authorization)
      save({ server: 'https://other.test', token: 'of-another-server' })
      response.writeHead(401, { 'content-type': 'application/json' })
      const errors = [{ message: 'No.', extensions: { code: 'UNAUTHENTICATED' } }]
      response.end(JSON.stringify({ errors }))
    }).listen(0, '127.0.0.1')
    await once(refusing, 'listening')
    try {
      await logIn()
      const server = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`
      save({ server, token: 'of-this-server' })
      const { code, said } = await person.run('whoami')
      expect(code).toBe(1)
      expect(said).toContain(`The login is for https://other.test now, and is not used for ${server}.`)
      expect(seen).toEqual(['Bearer of-this-server'])
    } finally {
      refusing.close()
    }
  })

  it('is used by a process of its own, whose tokens are in no argument', async () => {
    await logIn()
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../../src/main.ts'), 'whoami', '--json'],
      {
        env: { PATH: process.env['PATH'], HOME: person.home },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect(code).toBe(0)
    expect(JSON.parse(printed)).toMatchObject({ subject: 'user:alice', server: app.url })
  })
})

/** Confirms a code at the page of the provider, and signs in there. */
async function confirmDevice(start: string, user: string): Promise<void> {
  await visitPages(start, {
    fillIn(page) {
      const [, action] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
      if (action === undefined) return null
      const inputs = [...page.matchAll(/<input[^>]*>/g)].map(([input]) => [
        /name="([^"]*)"/.exec(input)?.[1] ?? '',
        /value="([^"]*)"/.exec(input)?.[1] ?? '',
      ])
      const fields = Object.fromEntries(inputs.filter(([name]) => name !== '' && name !== 'abort'))
      if (page.includes('name="login"')) Object.assign(fields, { login: user, password: 'x' })
      if (page.includes('name="user_code"')) fields.confirm = 'yes'
      return { action, fields }
    },
  })
}
