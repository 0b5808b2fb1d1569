import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AxeResults, RunOptions } from 'axe-core'
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { buildConsole } from './build-console.ts'
import { chromiumArguments, executablePath, patience } from './chromium.ts'
import { createEmbeddedDatabase } from './databases.ts'
import { createPostgresDatabase, startPostgres } from './postgres-server.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

/** The subject of each persona of development mode, which the page shows beside the choice. */
export const subjects = {
  admin: 'user:ada',
  member: 'user:max',
  outsider: 'user:olga',
  agent: 'service-agent:Secrets Manager',
} as const

/** Name of one of the {@link subjects}. */
export type Persona = keyof typeof subjects

/** A server with its console, open in Chromium. */
export interface ConsoleInBrowser {
  readonly url: string
  readonly page: Page
  readonly context: BrowserContext
  /** Errors that the browser reported: none, in a console that works and keeps to its policy. */
  readonly complaints: string[]
  /** Bodies of the requests to the API, in their order. */
  readonly sent: {
    readonly documentId?: string
    readonly operationName?: string
    readonly variables?: unknown
  }[]
  /** Goes on as somebody else; ends when the page says who that is. */
  switchTo(persona: Persona): Promise<void>
  /** Goes to an address without loading the console anew; ends when the heading of the page is shown. */
  goTo(path: string, heading: string): Promise<void>
  /** Sends a document as a persona, beside the console. */
  send<T = Record<string, unknown>>(persona: Persona, query: string, variables?: object): Promise<T>
  /** What axe finds on the page that is serious or critical, as short lines. */
  violations(): Promise<readonly string[]>
  /** True if the page itself scrolls sideways. */
  scrollsSideways(): Promise<boolean>
  stop(): Promise<void>
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Starts a server of development mode with further settings, and opens its console. */
export async function openConsoleInBrowser(
  settings: Record<string, string> = {},
  options: BrowserContextOptions = {},
): Promise<ConsoleInBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-console-'))
  buildConsole()
  const server = await startServer(folder, { PORT: '0', LOG_LEVEL: 'warn', ...settings })
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    args: chromiumArguments,
    viewport: { width: 1280, height: 900 },
    locale: 'en',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  })
  context.setDefaultTimeout(patience.timeout)
  const page = await context.newPage()
  const complaints: string[] = []
  const sent: ConsoleInBrowser['sent'] = []
  // Not those about the pages of a provider.
  const isOurs = () => page.url().startsWith(server.url)
  page.on(
    'console',
    (message) => void (message.type() === 'error' && isOurs() && complaints.push(message.text())),
  )
  page.on('pageerror', (error) => void complaints.push(error.message))
  page.on('request', (request) => {
    if (request.url().endsWith('/graphql')) sent.push(request.postDataJSON())
  })
  await page.goto(server.url)

  return {
    url: server.url,
    page,
    context,
    complaints,
    sent,
    async switchTo(persona) {
      await page.getByRole('combobox', { name: 'Persona', exact: true }).selectOption(persona)
      await page.getByRole('banner').getByText(subjects[persona], { exact: true }).waitFor()
    },
    async goTo(path, heading) {
      await page.evaluate((address) => history.pushState({}, '', address), path)
      await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
    },
    async send<T>(persona: Persona, query: string, variables: object = {}) {
      const { token } = (await (await fetch(`${server.url}/dev/tokens/${persona}`)).json()) as {
        token: string
      }
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      })
      const result = (await answer.json()) as { data: T; errors?: unknown }
      if (result.errors !== undefined) throw new Error(JSON.stringify(result.errors))
      return result.data
    },
    async violations() {
      await page.evaluate(axeSource)
      const options: RunOptions = { resultTypes: ['violations'] }
      const results = await page.evaluate(
        (runOptions) =>
          (globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(
            runOptions,
          ),
        options,
      )
      return results.violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
    },
    scrollsSideways: () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
    async stop() {
      await context.close()
      await server.stop('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** On the embedded database, or with TEST_CONSOLE_ON=postgres on PostgreSQL, unless the settings name a database. */
async function startServer(
  folder: string,
  settings: Record<string, string>,
): Promise<Pick<ServerProcess, 'url' | 'stop'>> {
  const dataFolder = join(folder, 'data')
  if (process.env['TEST_CONSOLE_ON'] !== 'postgres' || settings['DATABASE_URL'] !== undefined) {
    // Scripts that take pictures have no database to copy.
    if (process.env['VITEST'] !== undefined) await createEmbeddedDatabase(dataFolder)
    return startServerProcess({ DATA_FOLDER: dataFolder, ...settings })
  }
  const postgres = await startPostgres(join(folder, 'postgres'), { fsync: 'off' })
  if ('reason' in postgres) throw new Error(postgres.reason)
  const { url: STORE_URL, drop } = await createPostgresDatabase({ url: postgres.url, template: 'template1' })
  const program = join(import.meta.dirname, 'development-server.ts')
  const server = await startServerProcess({ DATA_FOLDER: dataFolder, STORE_URL, ...settings }, program)
  return {
    url: server.url,
    async stop(signal) {
      const code = await server.stop(signal)
      await drop()
      await postgres.stop()
      return code
    },
  }
}

/** Waits until a place shows a text. */
export const shows = (place: Locator, text: string | RegExp): Promise<void> =>
  place.filter({ hasText: text }).first().waitFor()
