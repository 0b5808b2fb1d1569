import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { chromiumArguments, executablePath, patience } from '../support/chromium.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const hasNoBrowser =
  !existsSync(executablePath) && cannotRun('GraphiQL in a browser', `There is no ${executablePath}.`)

async function openPage({ url }: ServerProcess, folder: string): Promise<Page> {
  const browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    args: chromiumArguments,
    viewport: { width: 1280, height: 1400 },
  })
  browser.setDefaultTimeout(patience.timeout)
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`${url}/graphql`)
  await page.locator('.graphiql-query-editor .view-line').first().waitFor(patience)
  return page
}

/** Changes something, as another client than the page would. */
async function createKey({ url }: ServerProcess, name: string): Promise<void> {
  const { token } = (await (await fetch(`${url}/dev/tokens/admin`)).json()) as { token: string }
  const document = `mutation { createUserKey(input: { name: "${name}" }) { __typename } }`
  await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: document }),
  })
}

describe.skipIf(hasNoBrowser)('GraphiQL', () => {
  it('shows the events of a subscription as they come', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-browser-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const server = await startServerProcess({
      DATA_FOLDER: (await createEmbeddedDatabase(join(folder, 'data'))).dataFolder,
      PORT: '0',
      LOG_LEVEL: 'warn',
    })
    onTestFinished(async () => void (await server.stop('SIGTERM')))
    const page = await openPage(server, folder)
    const result = () => page.locator('.result-window .view-lines').textContent()

    await page.locator('.graphiql-query-editor .view-lines').click()
    await page.keyboard.press('Control+A')
    await page.keyboard.insertText('subscription Live { userKeysChanged { listAgain changedKeys { name } } }')
    await page.waitForFunction(() => localStorage.getItem('graphiql:query')?.includes('Live'), null, patience)
    await page.locator('.graphiql-execute-button').click()
    await expect.poll(result, patience).toMatch(/"listAgain":\s*true/)
    await createKey(server, 'seen-live')
    await expect.poll(result, patience).toContain('seen-live')
  })
})
