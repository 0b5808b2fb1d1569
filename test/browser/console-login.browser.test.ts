import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { consoleIdOf, openRealProvider, type RealProvider } from '../auth/real-provider.ts'
import { buildConsole } from '../support/build-console.ts'
import { chromiumArguments, executablePath, patience } from '../support/chromium.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The login of the console', `There is no ${executablePath}.`)

/** Lifetime of access tokens. Their sessions are renewed in the last fifth of it. */
const accessTokenSeconds = 6

describe.skipIf(cannotStart).each(['server', 'browser'] as const)(
  'a login with the exchange in the %s',
  (exchange) => {
    let folder: string
    let provider: RealProvider
    let server: ServerProcess
    let browser: BrowserContext
    let page: Page
    const errors: string[] = []
    /** Addresses that a page has had, with their parameters. */
    const visited: string[] = []

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'keystead-login-'))
      buildConsole()
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      provider = await openRealProvider([{ url, accessTokenSeconds }])
      const entry = { name: 'sso', preset: 'rfc9068', issuer: provider.issuer }
      const settings = { audience: 'keystead', project: { claim: 'tenant' } }
      const issuersFile = join(folder, 'issuers.json')
      writeFileSync(issuersFile, JSON.stringify({ version: 2, issuers: [{ ...entry, settings }] }))
      provider.stayMute(true)
      server = await startServerProcess({
        DATA_FOLDER: (await createEmbeddedDatabase(join(folder, 'data'))).dataFolder,
        PORT: String(port),
        AUTH_ISSUERS_FILE: issuersFile,
        CONSOLE_URL: url,
        CONSOLE_OIDC_ISSUER: provider.issuer,
        CONSOLE_OIDC_CLIENT_ID: consoleIdOf(0),
        CONSOLE_OIDC_SCOPES: 'openid profile offline_access keys:use',
        CONSOLE_OIDC_PARAMETERS: 'resource=urn:keystead&prompt=consent',
        CONSOLE_OIDC_EXCHANGE: exchange,
      })
      browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
        executablePath,
        args: chromiumArguments,
        viewport: { width: 1280, height: 900 },
        locale: 'en',
      })
      browser.setDefaultTimeout(patience.timeout)
      page = await openTab()
    })
    afterAll(async () => {
      await browser?.close()
      await server?.stop('SIGTERM')
      provider?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    async function openTab(): Promise<Page> {
      const tab = await browser.newPage()
      tab.on('pageerror', (error) => void errors.push(error.message))
      tab.on('framenavigated', (frame) => void visited.push(frame.url()))
      return tab
    }

    const button = (name: string, where = page) => where.getByRole('button', { name, exact: true })
    const heading = (name: string, where = page) => where.getByRole('heading', { name, exact: true })
    const isSignedIn = (name: string, where = page) =>
      where.getByRole('banner').getByText(name, { exact: true }).waitFor()
    /** Chooses an entry of the menu that the name in the header opens. */
    async function choose(entry: string, name: string): Promise<void> {
      await button(`Account: ${name}`).click()
      await page.getByRole('menuitem', { name: entry, exact: true }).click()
    }
    const logins = () => provider.received.filter((each) => each === 'GET /auth').length
    const secretsIn = (where: Page) =>
      where.evaluate(() => ({
        local: { ...localStorage },
        session: { ...sessionStorage },
        cookie: document.cookie,
        search: location.search,
      }))

    /** Answers the pages of the provider: who it is, if it asks, and that the console may know. */
    async function consent(at: Page, login: string | null): Promise<void> {
      if (login !== null) {
        await at.locator('input[name="login"]').fill(login)
        await at.locator('input[name="password"]').fill('x')
        await at.locator('button[type="submit"]').click()
      }
      await at.locator('input[name="prompt"][value="consent"]').waitFor({ state: 'attached' })
      await at.locator('button[type="submit"]').click()
    }

    it('says that the provider does not answer, goes on once it does, and comes back to the page', async () => {
      await page.goto(`${server.url}/service-keys`)
      await button('Sign in').click()
      await page.getByRole('alert').filter({ hasText: 'The console tries again.' }).waitFor()
      provider.stayMute(false)
      await consent(page, 'ada')
      await isSignedIn('Ada')
      await heading('Service keys').waitFor()
      expect(page.url()).toBe(`${server.url}/service-keys`)
      expect(await secretsIn(page)).toEqual({
        local: {},
        session: { 'keystead-signed-in': 'yes' },
        cookie: '',
        search: '',
      })
      const cookies = (await browser.cookies()).filter(({ name }) => name.includes('keystead'))
      expect(
        cookies.map(({ httpOnly, sameSite, path, expires }) => ({ httpOnly, sameSite, path, expires })),
      ).toEqual(
        exchange === 'server'
          ? [{ httpOnly: true, sameSite: 'Strict', path: '/console/session', expires: -1 }]
          : [],
      )
    })

    it('is renewed in time, and the page notices nothing', async () => {
      const tokens = new Set<string>()
      page.on('request', (request) => {
        const { authorization } = request.headers()
        if (authorization !== undefined) tokens.add(authorization)
      })
      const refused = () => server.output.filter((line) => line.includes('"status":401')).length
      const before = refused()
      await expect
        .poll(
          async () => {
            await page.getByRole('link', { name: 'User keys', exact: true }).click()
            await heading('User keys').waitFor()
            await page.getByRole('link', { name: 'Service keys', exact: true }).click()
            await heading('Service keys').waitFor()
            return tokens.size
          },
          { interval: 500, timeout: 60_000 },
        )
        .toBeGreaterThan(1)
      expect(refused()).toBe(before)
    })

    it('leaves no code in the history', async () => {
      const callbacks = visited.filter((each) => each.includes('code='))
      expect(callbacks).toHaveLength(1)
      await page.goBack()
      expect(page.url()).not.toContain('code=')
      await page.goForward()
      await isSignedIn('Ada')
      expect(page.url()).toBe(`${server.url}/service-keys`)
    })

    it('survives a reload, and nobody is asked anything', async () => {
      const before = logins()
      await page.reload()
      await isSignedIn('Ada')
      await heading('Service keys').waitFor()
      expect(page.url()).toBe(`${server.url}/service-keys`)
      // Through the provider's own session, where there is no cookie.
      expect(logins()).toBe(exchange === 'server' ? before : before + 1)
    })

    it('expires without losing what was typed, and goes on after a pop-up window', async () => {
      await page.goto(`${server.url}/user-keys/new`)
      const name = page.getByRole('textbox', { name: 'Name', exact: true })
      await name.fill('typed-before')
      // The stream of changes ends with the token, and asks for another one. One that was asked for before counts.
      await expect
        .poll(
          () => {
            provider.forgetTokens()
            return button('Sign in again').isVisible()
          },
          { interval: 1000, timeout: 60_000 },
        )
        .toBe(true)
      expect(await name.inputValue()).toBe('typed-before')
      const [popup] = await Promise.all([browser.waitForEvent('page'), button('Sign in again').click()])
      const closed = popup.waitForEvent('close')
      await consent(popup, null)
      await closed
      await button('Sign in again').waitFor({ state: 'detached' })
      expect(await name.inputValue()).toBe('typed-before')
      await page.getByRole('link', { name: 'Service keys', exact: true }).click()
      await heading('Service keys').waitFor()
      await isSignedIn('Ada')
    })

    it('ends with a sign-out, in all tabs of one session, and a reload signs nobody in', async () => {
      const other = await openTab()
      await other.goto(server.url)
      if (exchange === 'server') await isSignedIn('Ada', other)
      else await button('Sign in', other).waitFor()
      await choose('Sign out', 'Ada')
      await button('Sign in').waitFor()
      await button('Sign in', other).waitFor()
      const before = logins()
      await page.reload()
      await button('Sign in').waitFor()
      expect(logins()).toBe(before)
      expect(await secretsIn(page)).toEqual({ local: {}, session: {}, cookie: '', search: '' })
      await other.close()
    })

    it('asks who it is after a sign-out, and lets somebody else in', async () => {
      await page.goto(server.url)
      await button('Sign in').click()
      await consent(page, null)
      await isSignedIn('Ada')
      await choose('Sign out', 'Ada')
      await button('Sign in').click()
      await consent(page, 'max')
      await isSignedIn('Max')
    })

    it('also ends at the provider where somebody wants it: the next login asks for the password', async () => {
      await choose(`Sign out here and at ${new URL(provider.issuer).host}`, 'Max')
      await page.locator('button[name="logout"]').click()
      await page.getByText('Sign-out Success', { exact: true }).waitFor()
      // A page loaded anew does not know of the sign-out, and so asks for no password by itself.
      const asked = page.waitForRequest((request) => request.url().includes('/auth?'))
      await page.goto(server.url)
      await button('Sign in').click()
      expect(new URL((await asked).url()).searchParams.get('prompt')).toBe('consent')
      await consent(page, 'ada')
      await isSignedIn('Ada')
    })

    it.each([
      'code=stolen&state=guessed',
      'code=stolen',
      'error=access_denied&error_description=%3Cb%3E&state=guessed',
      '',
    ])('does not take an answer that it has not asked for: %s', async (query) => {
      const tab = await openTab()
      const asked: string[] = []
      tab.on('request', (request) => void (request.method() === 'POST' && asked.push(request.url())))
      await tab.goto(`${server.url}/console/callback?${query}`)
      await tab.getByRole('alert').filter({ hasText: 'belongs to no login of this page' }).waitFor()
      expect(tab.url()).toBe(`${server.url}/`)
      expect(asked).toEqual([])
      await tab.close()
    })

    it('does not go round in circles if the provider wants to ask something', async () => {
      await browser.clearCookies()
      const before = logins()
      await page.reload()
      await button('Sign in').waitFor()
      expect(logins()).toBe(before + 1)
      await page.reload()
      await button('Sign in').waitFor()
      expect(logins()).toBe(before + 1)
      expect(await page.getByRole('alert').count()).toBe(0)
    })

    it('has no error in its script, and no secret in an address', () => {
      expect(errors).toEqual([])
      for (const each of visited.filter((address) => address.startsWith(server.url))) {
        expect(each).not.toMatch(/token|eyJ/)
      }
    })
  },
)
