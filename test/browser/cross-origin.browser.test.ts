import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumArguments, executablePath, patience } from '../support/chromium.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('Pages of other origins', `There is no ${executablePath}.`)

/** A site with an empty page. */
async function startSite(): Promise<{ origin: string; site: Server }> {
  const site = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>site</title>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${(site.address() as AddressInfo).port}`, site }
}

describe.skipIf(cannotStart)('a page of another origin, in a browser', () => {
  let folder: string
  let server: ServerProcess
  let browser: BrowserContext
  let token: string
  const sites: Awaited<ReturnType<typeof startSite>>[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keystead-origins-'))
    sites.push(await startSite(), await startSite())
    server = await startServerProcess({
      DATA_FOLDER: (await createEmbeddedDatabase(join(folder, 'data'))).dataFolder,
      PORT: '0',
      LOG_LEVEL: 'warn',
      CORS_ORIGINS: sites[0]?.origin ?? '',
    })
    const answer = await fetch(`${server.url}/dev/tokens/member`)
    ;({ token } = (await answer.json()) as { token: string })
    browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath,
      args: chromiumArguments,
    })
    browser.setDefaultTimeout(patience.timeout)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop('SIGTERM')
    for (const { site } of sites) site.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What a page of the site reads when it asks the API with a token. */
  async function readFrom(site: number, path: string): Promise<string> {
    const page = await browser.newPage()
    await page.goto(sites[site]?.origin ?? '')
    const request = { url: `${server.url}${path}`, token }
    return page.evaluate(async ({ url, token }) => {
      const isApi = url.endsWith('/graphql')
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = '{"query":"{ viewer { projectId } }"}'
      try {
        const response = await fetch(url, isApi ? { method: 'POST', headers, body } : {})
        return `${response.status} ${response.headers.has('x-request-id')} ${await response.text()}`
      } catch (error) {
        return String(error)
      }
    }, request)
  }

  it('reads answers where its origin is named, and their request ID', async () => {
    expect(await readFrom(0, '/graphql')).toBe('200 true {"data":{"viewer":{"projectId":"demo"}}}')
  })

  it('reads nothing where its origin is not named', async () => {
    expect(await readFrom(1, '/graphql')).toContain('Failed to fetch')
  })

  it('reads no token of development mode, also where its origin is named', async () => {
    for (const site of [0, 1]) expect(await readFrom(site, '/dev/tokens/admin')).toContain('Failed to fetch')
  })
})
