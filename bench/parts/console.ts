import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { buildConsole } from '../../test/support/build-console.ts'
import { chromiumArguments, executablePath } from '../../test/support/chromium.ts'
import { startServerProcess } from '../../test/support/server-process.ts'
import { insertProject } from '../key-page.ts'
import type { Line, Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median } from '../turns.ts'

const targetMs = 500

/** Tells when the first row of a table was in the page, in milliseconds since the navigation began. */
const noteFirstRow = () => {
  const seen = window as { firstRowAt?: number }
  new MutationObserver(() => {
    if (seen.firstRowAt === undefined && document.querySelector('table[aria-label="User keys"] tbody tr'))
      seen.firstRowAt = performance.now()
  }).observe(document, { childList: true, subtree: true })
}

/** How long the list of keys takes in a browser, in a large project. */
export const consolePart: Part = {
  name: 'console',
  summary: 'from navigation to the first row of the list of keys, in Chromium',
  async run(bench) {
    if (!existsSync(executablePath)) {
      bench.note(`there is no ${executablePath}`)
      return []
    }
    buildConsole()
    const size = bench.isQuick ? 20_000 : 100_000
    bench.note(`making a project of ${size} keys`)
    const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-console-'))
    // Development mode, where the console needs no login, has the embedded database.
    const settings = {
      DATA_FOLDER: join(folder, 'data'),
      ROOT_KEY_PROVIDER: 'env',
      ROOT_KEY: randomBytes(32).toString('base64'),
    }
    await insertProject(settings, size, bench.note, 'demo')
    const server = await startServerProcess({ ...settings, PORT: '0', LOG_LEVEL: 'error' })
    const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath,
      args: chromiumArguments,
      viewport: { width: 1280, height: 900 },
    })
    await context.addInitScript(noteFirstRow)
    try {
      const opened: number[] = []
      const followed: number[] = []
      // The first round warms up the server and the browser's cache of files.
      for (let round = 0; round <= 2 * bench.rounds; round++) {
        const [openMs, followMs] = [
          await openList(context, server.url),
          await followLink(context, server.url),
        ]
        if (round === 0) continue
        opened.push(openMs)
        followed.push(followMs)
      }
      return [
        line('opened at its address', opened, size),
        line('from another page of the console', followed, size),
      ]
    } finally {
      await context.close()
      await server.stop('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function openList(context: BrowserContext, url: string): Promise<number> {
  const page = await context.newPage()
  await page.goto(`${url}/user-keys`)
  const at = await firstRowAt(page)
  await page.close()
  return at
}

async function followLink(context: BrowserContext, url: string): Promise<number> {
  const page = await context.newPage()
  await page.goto(`${url}/me`)
  const link = page.getByRole('link', { name: 'User keys', exact: true })
  await page.getByRole('heading', { level: 1, name: 'My access', exact: true }).waitFor()
  // What the first page asks for is answered by then, and the code of the others is loaded.
  await page.waitForTimeout(1500)
  const clickedAt = await link.evaluate((element: HTMLElement) => {
    const now = performance.now()
    element.click()
    return now
  })
  const at = await firstRowAt(page)
  await page.close()
  return at - clickedAt
}

async function firstRowAt(page: Page): Promise<number> {
  const found = await page.waitForFunction(() => (window as { firstRowAt?: number }).firstRowAt)
  return found.jsonValue() as Promise<number>
}

function line(how: string, times: readonly number[], size: number): Line {
  return {
    what: `list of ${size.toLocaleString('en')} keys in the console, ${how}`,
    target: `≤ ${targetMs} ms from navigation to the first row`,
    figure: `${numberOf(median(times))} ms`,
    isMet: median(times) <= targetMs,
    conditions: `${numberOf(Math.min(...times))} to ${numberOf(Math.max(...times))} ms; embedded database; Chromium and server on one machine; ${times.length} rounds`,
  }
}
