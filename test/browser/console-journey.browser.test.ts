import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { consoleIdOf, openRealProvider } from '../auth/real-provider.ts'
import { executablePath } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { createPostgresDatabase, startPostgres } from '../support/postgres-server.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

/** Where the console runs, and how one is somebody in it. */
interface Place {
  readonly settings: Record<string, string>
  /** Goes on as Max or Olga, who is on no access list. */
  become(console: ConsoleInBrowser, who: 'max' | 'olga'): Promise<void>
  dispose(): Promise<void>
}

/** Development mode, with its personas. */
function embedded(): Place {
  return {
    settings: {},
    become: (console, who) => console.switchTo(who === 'max' ? 'member' : 'outsider'),
    dispose: async () => {},
  }
}

/** A server as in production, with a provider to log in at; null if there is no PostgreSQL here. */
async function postgres(): Promise<Place | null> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-journey-'))
  const server = await startPostgres(join(folder, 'postgres'), { fsync: 'off' })
  if (!('url' in server)) {
    cannotRun('the console on PostgreSQL', server.reason)
    return null
  }
  const database = await createPostgresDatabase({ url: server.url, template: 'template1' })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const provider = await openRealProvider([{ url }])
  const issuersFile = join(folder, 'issuers.json')
  const entry = {
    name: 'sso',
    preset: 'rfc9068',
    issuer: provider.issuer,
    settings: { audience: 'keystead', project: { claim: 'tenant' } },
  }
  writeFileSync(issuersFile, JSON.stringify({ version: 2, issuers: [entry] }))
  return {
    settings: {
      PORT: String(port),
      DATABASE_URL: database.url,
      ROOT_KEY_PROVIDER: 'env',
      ROOT_KEY: randomBytes(32).toString('base64'),
      AUTH_ISSUERS_FILE: issuersFile,
      CONSOLE_URL: url,
      CONSOLE_OIDC_ISSUER: provider.issuer,
      CONSOLE_OIDC_CLIENT_ID: consoleIdOf(0),
      CONSOLE_OIDC_SCOPES: 'openid profile offline_access keys:use',
      CONSOLE_OIDC_PARAMETERS: 'resource=urn:keystead&prompt=login consent',
    },
    async become({ page }, who) {
      const account = page.getByRole('banner').locator('[aria-haspopup="menu"]')
      if (await account.isVisible()) {
        await account.click()
        await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
      }
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.locator('input[name="login"]').fill(who)
      await page.locator('input[name="password"]').fill('x')
      await page.locator('button[type="submit"]').click()
      await page.locator('input[name="prompt"][value="consent"]').waitFor({ state: 'attached' })
      await page.locator('button[type="submit"]').click()
      await page.getByRole('banner').getByText(`user:${who}`, { exact: true }).waitFor()
    },
    async dispose() {
      provider.stop()
      await database.drop()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const places = { 'in development mode': embedded, 'on PostgreSQL, with a login': postgres } as const

describe.skipIf(cannotStart).each(Object.entries(places))('a stranger %s', (_name, open) => {
  let console: ConsoleInBrowser
  let place: Place | null

  beforeAll(async () => {
    place = await open()
    if (place !== null) console = await openConsoleInBrowser(place.settings)
  })
  afterAll(async () => {
    await console?.stop()
    await place?.dispose()
  })

  it('creates a key, encrypts, rotates, restricts access, finds who used a version, and deletes the key', async ({
    skip,
  }) => {
    if (place === null) return skip('There is no PostgreSQL.')
    const { page } = console
    const { become } = place
    /** Goes on as somebody, on the page of the key. */
    async function openKeyAs(who: 'max' | 'olga'): Promise<void> {
      await become(console, who)
      await link('User keys').first().click()
      await link('letters').click()
    }
    const link = (name: string) => page.getByRole('link', { name, exact: true })
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const heading = (name: string) => page.getByRole('heading', { name, exact: true })
    const textbox = (name: string) => page.getByRole('textbox', { name, exact: true })
    const dialog = () => page.getByRole('dialog').or(page.getByRole('alertdialog'))
    const toast = (text: string) => shows(page.getByRole('dialog').or(page.locator('.toast')), text)

    // Create.
    await become(console, 'max')
    await link('User keys').click()
    await link('Create key').first().click()
    await textbox('Name').fill('letters')
    for (const step of ['Configuration', 'Rotation', 'Access control', 'Summary']) {
      await button('Next').click()
      await heading(step).waitFor()
    }
    await button('Create key').click()

    // Encrypt and decrypt.
    await link('Try it').click()
    const encrypt = page.getByRole('region', { name: 'Encrypt', exact: true })
    await encrypt.getByRole('textbox', { name: 'Plaintext', exact: true }).fill('Dear Olga')
    await encrypt.getByRole('button', { name: 'Encrypt', exact: true }).click()
    await button('Decrypt it').click()
    const decrypt = page.getByRole('region', { name: 'Decrypt', exact: true })
    await decrypt.getByRole('button', { name: 'Decrypt', exact: true }).click()
    await shows(decrypt, 'Dear Olga')

    // Rotate.
    await button('Rotate').click()
    await dialog().getByRole('button', { name: 'Rotate key', exact: true }).click()
    await toast('letters was rotated. Version 2 is the default.')

    // Who has access: Olga sees a lock.
    await link('Access').click()
    await shows(page.getByRole('main'), 'Only the owner, user:max')
    await openKeyAs('olga')
    await shows(page.getByRole('main'), 'You have no access to this key')
    await openKeyAs('max')

    // Who used version 1.
    await link('Versions').click()
    const actionsOf = async (version: number, action: string) => {
      await button(`Actions for Version ${version}`).click()
      await page.getByRole('menuitem', { name: action, exact: true }).click()
    }
    await actionsOf(1, 'Who used it…')
    await shows(dialog(), 'user:max')
    await button('Close').first().click()

    // Delete.
    for (const version of [1, 2]) {
      await actionsOf(version, 'Deactivate…')
      await dialog()
        .getByRole('button', { name: `Deactivate version ${version}`, exact: true })
        .click()
      await toast(`Version ${version} of letters is deactivated.`)
      await actionsOf(version, 'Schedule destruction…')
      await dialog().getByRole('spinbutton', { name: 'Waiting period in days', exact: true }).fill('0')
      await dialog().getByRole('textbox', { name: 'Type letters to confirm', exact: true }).fill('letters')
      await dialog()
        .getByRole('button', { name: `Destroy version ${version} now`, exact: true })
        .click()
      await shows(page.getByRole('row').filter({ hasText: `Version ${version}` }), 'Destroyed')
    }
    await button('Delete').click()
    await dialog().getByRole('textbox', { name: 'Type letters to confirm', exact: true }).fill('letters')
    await dialog().getByRole('button', { name: 'Delete key', exact: true }).click()
    await toast('letters was deleted.')
    expect(console.complaints).toEqual([])
  })
})
