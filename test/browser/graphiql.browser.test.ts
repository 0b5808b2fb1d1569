import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tour } from '../../src/server/http/tour.ts'
import { chromiumArguments, executablePath, patience } from '../support/chromium.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const hasNoBrowser =
  !existsSync(executablePath) && cannotRun('GraphiQL in a browser', `There is no ${executablePath}.`)

describe.skipIf(hasNoBrowser)('GraphiQL in development mode', () => {
  let folder: string
  let server: ServerProcess
  let browser: BrowserContext
  let page: Page
  /** Addresses of all requests, errors on the console, and the tokens that were sent, since the page was opened. */
  let requested: string[]
  let complaints: string[]
  let tokens: string[]

  const startServer = (port: string) =>
    startServerProcess({ DATA_FOLDER: join(folder, 'data'), PORT: port, LOG_LEVEL: 'warn' })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keystead-browser-'))
    await createEmbeddedDatabase(join(folder, 'data'))
    server = await startServer('0')
    browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath,
      args: chromiumArguments,
      // High enough for each answer to be seen whole: the editor draws only the lines that are seen.
      viewport: { width: 1280, height: 1400 },
    })
    browser.setDefaultTimeout(patience.timeout)
    page = await openPage()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  })

  async function openPage(): Promise<Page> {
    requested = []
    complaints = []
    tokens = []
    const opened = await browser.newPage()
    opened.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
    opened.on('pageerror', (error) => void complaints.push(error.message))
    opened.on('request', (request) => {
      requested.push(request.url())
      const [, token] = /^Bearer (.*)/.exec(request.headers()['authorization'] ?? '') ?? []
      if (token !== undefined) tokens.push(token)
    })
    await opened.goto(`${server.url}/graphql`)
    await opened.locator('.graphiql-query-editor .view-line').first().waitFor(patience)
    return opened
  }

  async function openTab(name: string): Promise<void> {
    if ((await page.locator('[aria-selected=true] .graphiql-tab-button').textContent()) === name) return
    await page.getByRole('button', { name, exact: true }).click()
    // At first GraphiQL takes the operation of the tab before for the one to run, and stores it. It is done with
    // the tab when it has stored what the tab holds.
    await page.waitForFunction(
      (operation) => localStorage.getItem('graphiql:query')?.includes(operation),
      ` ${name}`,
      patience,
    )
  }

  /** Runs the document of a tab; ends when the server has answered it, so that an older answer is not taken for it. */
  async function runTab(name: string): Promise<void> {
    await openTab(name)
    const answered = page.waitForResponse(
      (response) => response.request().postDataJSON()?.operationName === name,
      patience,
    )
    await page.locator('.graphiql-execute-button').click()
    await answered
  }

  /** What the result pane shows, without white space; null while that is nothing, or not whole. */
  async function shownAnswer(): Promise<unknown> {
    try {
      return JSON.parse(await shownText('.result-window'))
    } catch {
      return null
    }
  }

  /** The text in an editor as a person sees it, from top to bottom, without white space. */
  function shownText(editor: string): Promise<string> {
    return page.locator(`${editor} .view-line`).evaluateAll((lines) =>
      lines
        .toSorted((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
        .map((line) => line.textContent)
        .join('')
        .replaceAll(/\s/g, ''),
    )
  }

  it.each([
    [
      'WhoAmI',
      'max',
      { viewer: { subject: { id: 'user:max', kind: 'USER' }, projectId: 'demo', roles: ['PROJECT_MEMBER'] } },
    ],
    [
      'CreateKey',
      'max',
      {
        createUserKey: {
          userKey: {
            id: expect.stringMatching(/^ukey_/),
            name: 'orders',
            status: 'ACTIVE',
            defaultVersion: { number: 1, versionStatus: 'ACTIVE' },
            automaticRotation: { enabled: true, cycleDays: 90 },
            allowedSubjects: [{ id: 'group:payments' }],
          },
        },
      },
    ],
    [
      'Encrypt',
      'max',
      {
        encrypt: {
          ciphertext: expect.stringMatching(/^[\w+/]+=*$/),
          keyId: expect.stringMatching(/^ukey_/),
          versionNumber: 1,
        },
      },
    ],
    [
      'Rotate',
      'max',
      { rotateUserKey: { version: { number: 2, versionStatus: 'ACTIVE', isDefault: true } } },
    ],
    [
      'Decrypt',
      'max',
      { decrypt: { plaintext: Buffer.from('Hello, Keystead!').toString('base64'), versionNumber: 1 } },
    ],
    [
      'ListAsOutsider',
      'olga',
      {
        userKeys: {
          totalCount: 1,
          nodes: [
            {
              id: expect.stringMatching(/^rkey_/),
              name: 'orders',
              viewerCanAccess: false,
              status: null,
              algorithm: null,
              defaultVersion: null,
            },
          ],
        },
      },
    ],
  ])('tab %s shows its answer to %s when play is pressed', async (name, subject, data) => {
    await runTab(name)
    await expect.poll(shownAnswer, patience).toMatchObject({ data })
    expect(decodeJwt(tokens.at(-1) ?? '').sub).toBe(subject)
    expect(complaints).toEqual([])
  })

  it('has the six tabs of the tour, in its order, with hints that are seen whole', async () => {
    const titles = tour.map(({ query }) => /(?:query|mutation) (\w+)/.exec(query)?.[1])
    expect(await page.getByRole('tab').allInnerTexts()).toEqual(titles)
    expect(titles).toHaveLength(6)
    for (const { query } of tour) {
      expect(Math.max(...query.split('\n').map((line) => line.length))).toBeLessThanOrEqual(50)
    }
  })

  it('has the Authorization header of each persona filled in, and stores no token', async () => {
    await page.getByText('Headers', { exact: true }).click()
    for (const [name, placeholder] of [
      ['WhoAmI', 'TOKEN_OF_MEMBER'],
      ['ListAsOutsider', 'TOKEN_OF_OUTSIDER'],
    ] as const) {
      await openTab(name)
      await expect
        .poll(() => shownText('.graphiql-editor-tool'), patience)
        .toContain(`{"Authorization":"Bearer${placeholder}"}`)
    }
    // GraphiQL stores what it shows half a second after it has changed.
    await page.waitForFunction(
      () =>
        localStorage.getItem('graphiql:headers')?.includes('TOKEN_OF_OUTSIDER') &&
        localStorage.getItem('graphiql:variables') === '{}' &&
        localStorage.getItem('graphiql:tabState')?.includes('TOKEN_OF_OUTSIDER'),
      null,
      patience,
    )
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
    expect(tokens.length).toBeGreaterThan(6)
    for (const token of tokens) expect(stored).not.toContain(token)
    expect(stored).not.toContain('eyJ')
    expect(await browser.cookies()).toEqual([])
  })

  it('asks nobody but the server, and puts no document into the address', async () => {
    expect(new Set(requested.map((url) => new URL(url).origin))).toEqual(new Set([server.url]))
    expect(page.url()).toBe(`${server.url}/graphql`)
    await page.goto(`${server.url}/graphql?query=mutation+Foreign+%7B+generateRandom+%7D`)
    await page.getByRole('tab', { name: 'WhoAmI', exact: true }).waitFor(patience)
    expect(await page.getByRole('tab').allInnerTexts()).toHaveLength(6)
    expect(page.url()).toBe(`${server.url}/graphql`)
    expect(complaints).toEqual([])
  })

  it('goes on where the tour was left, and gets new tokens, when the server was started again', async () => {
    await runTab('WhoAmI')
    await expect.poll(shownAnswer, patience).toMatchObject({ data: { viewer: { projectId: 'demo' } } })
    await server.stop('SIGTERM')
    server = await startServer(new URL(server.url).port)
    await runTab('Decrypt')
    await expect.poll(shownAnswer, patience).toMatchObject({ data: { decrypt: { versionNumber: 1 } } })
    // The browser says so of each answer 401, here the one to the token of the server before.
    expect(complaints).toEqual([expect.stringContaining('401')])
  })
})
