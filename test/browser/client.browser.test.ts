import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
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
  !existsSync(executablePath) && cannotRun('The client in a browser', `There is no ${executablePath}.`)
const root = join(import.meta.dirname, '../..')
const built = join(root, 'packages/client/dist')

/** A site with an empty page, which serves the modules of the client as they are in its package. */
async function startSite(): Promise<Server> {
  const site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const file = join(built, pathname)
    if (!pathname.endsWith('.js') || !existsSync(file)) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>site</title>')
      return
    }
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(file))
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  return site
}

describe.skipIf(cannotStart)('the client in a browser, on a page of another origin', () => {
  let folder: string
  let site: Server
  let origin: string
  let server: ServerProcess
  let browser: BrowserContext
  let token: string

  beforeAll(async () => {
    execFileSync(process.execPath, [join(root, 'scripts/build-client.ts')], { stdio: 'inherit' })
    folder = mkdtempSync(join(tmpdir(), 'keystead-client-'))
    site = await startSite()
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    server = await startServerProcess({
      DATA_FOLDER: (await createEmbeddedDatabase(join(folder, 'data'))).dataFolder,
      PORT: '0',
      LOG_LEVEL: 'warn',
      CORS_ORIGINS: origin,
    })
    const answer = await fetch(`${server.url}/dev/tokens/admin`)
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
    site?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('creates a key, joins calls, seals streams, signs, subscribes, and throws refusals', async () => {
    const page = await browser.newPage()
    await page.goto(origin)
    await page.addScriptTag({
      type: 'module',
      content: "import * as keystead from '/index.js'\nglobalThis.keystead = keystead",
    })
    await page.waitForFunction(() => 'keystead' in globalThis)
    const seen = await page.evaluate(
      async ({ url, token }) => {
        const { createClient, KeyNotFoundError } = (
          globalThis as unknown as { keystead: typeof import('../../packages/client/src/index.ts') }
        ).keystead
        let requests = 0
        const client = createClient({
          url,
          token,
          fetch(input, init) {
            requests += 1
            return fetch(input, init)
          },
        })
        const bytes = (text: string) => new TextEncoder().encode(text)
        const text = (value: Uint8Array) => new TextDecoder().decode(value)
        await client.createUserKey({ name: 'page' })
        await client.createUserKey({ name: 'page-signer', algorithm: 'ED25519', usage: 'SIGN_VERIFY' })

        requests = 0
        const sealed = await Promise.all(
          ['1', '2', '3'].map((each) =>
            client.encrypt({ key: 'page', plaintext: bytes(each), context: { each } }),
          ),
        )
        const joined = requests
        const opened = await client.decrypt({
          ciphertext: sealed[1]?.ciphertext ?? bytes(''),
          context: { each: '2' },
        })

        const content = new Uint8Array(2 ** 20 + 70_000).map((_, index) => index % 251)
        const written = await client.envelope.encrypt(new Blob([content]).stream(), { key: 'page' })
        const envelope = new Uint8Array(
          await new Response(written as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
        )
        client.close()
        const read = await client.envelope.decrypt(envelope)

        const jwt = await client.signJwt({ sub: 'page' }, { key: 'page-signer' })
        let changes: readonly string[] = []
        for await (const event of client.keyEvents({ key: 'page' })) {
          changes = event.changes
          if (changes.length > 0) break
          await client.updateUserKey({ key: 'page', description: 'seen' })
        }
        const refused = await client.encrypt({ key: 'missing', plaintext: bytes('') }).catch((error) => error)
        return {
          joined,
          text: text(opened.plaintext),
          isSame: read.length === content.length && read.every((byte, index) => byte === content[index]),
          jwtParts: jwt.split('.').length,
          changes,
          isRefusal: refused instanceof KeyNotFoundError,
          requestId: typeof refused.requestId,
        }
      },
      { url: server.url, token },
    )
    expect(seen).toEqual({
      joined: 1,
      text: '2',
      isSame: true,
      jwtParts: 3,
      changes: ['DETAILS'],
      isRefusal: true,
      requestId: 'string',
    })
  })
})
