import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executablePath } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { createPostgresDatabase, startPostgres } from '../support/postgres-server.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

/** Settings of a server on this database, and what removes it; null if there is none here. */
async function databaseSettings(database: string) {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-journey-'))
  const remove = async () => rmSync(folder, { recursive: true, force: true })
  if (database === 'embedded') return { settings: {}, dispose: remove }
  const server = await startPostgres(join(folder, 'postgres'), { fsync: 'off' })
  if (!('url' in server)) {
    cannotRun('the console on PostgreSQL', server.reason)
    await remove()
    return null
  }
  const { url } = await createPostgresDatabase({ url: server.url, template: 'template1' })
  return { settings: { DATABASE_URL: url }, dispose: () => server.stop().then(remove) }
}

describe.skipIf(cannotStart).each(['embedded', 'PostgreSQL'])(
  'a stranger, with the %s database',
  (database) => {
    let console: ConsoleInBrowser
    let dispose: () => Promise<void>

    beforeAll(async () => {
      const prepared = await databaseSettings(database)
      if (prepared === null) return
      dispose = prepared.dispose
      console = await openConsoleInBrowser(prepared.settings)
    })
    afterAll(async () => {
      await console?.stop()
      await dispose?.()
    })

    it('creates a key, encrypts, rotates, restricts access, finds who used a version, and deletes the key', async ({
      skip,
    }) => {
      if (console === undefined) skip()
      const { page } = console
      const link = (name: string) => page.getByRole('link', { name, exact: true })
      const button = (name: string) => page.getByRole('button', { name, exact: true })
      const heading = (name: string) => page.getByRole('heading', { name, exact: true })
      const textbox = (name: string) => page.getByRole('textbox', { name, exact: true })
      const dialog = () => page.getByRole('dialog').or(page.getByRole('alertdialog'))
      const toast = (text: string) => shows(page.getByRole('dialog').or(page.locator('.toast')), text)

      // Create.
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
      await console.switchTo('outsider')
      await shows(page.getByRole('main'), 'You have no access to this key')
      await console.switchTo('member')

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
  },
)
