import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { shortIdOf } from '../../console/build/documents.ts'
import { type App, createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { schema } from '../../src/schema/index.ts'
import { openConsole } from '../../src/server/http/console.ts'
import { buildConsole, builtConsole } from '../support/build-console.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { readAnswer } from '../support/story.ts'

const navigation = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }

let index: string
let script: string
let style: string
let documents: Readonly<Record<string, string>>
beforeAll(() => {
  buildConsole()
  index = readFileSync(join(builtConsole, 'index.html'), 'utf8')
  script = /src="([^"]+\.js)"/.exec(index)?.[1] ?? ''
  style = /href="([^"]+\.css)"/.exec(index)?.[1] ?? ''
  documents = JSON.parse(readFileSync(join(builtConsole, 'documents.json'), 'utf8'))
})

interface Received {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends a target as it is written: `fetch` would resolve it first. */
async function send(app: App, path: string, headers = {}, method = 'GET'): Promise<Received> {
  const { hostname, port } = new URL(app.url)
  const sent = request({ hostname, port, path, method, headers, agent: false })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}

async function startWith(settings: Record<string, string> = {}) {
  const database = await createEmbeddedDatabase()
  const app = await createApp(
    readConfig({ PORT: '0', DATA_FOLDER: database.dataFolder, LOG_LEVEL: 'silent', ...settings }),
  )
  return {
    app,
    async dispose() {
      await app.close()
      await database.dispose()
    },
  }
}

describe('the console', () => {
  let app: App
  let dispose: () => Promise<void>
  beforeAll(async () => {
    ;({ app, dispose } = await startWith())
  })
  afterAll(() => dispose())

  const get = (path: string, headers = {}) => send(app, path, headers)
  const isIndex = ({ status, body }: Received) => status === 200 && body.toString() === index

  it('is at /, with a policy that allows nothing inline and nothing from elsewhere', async () => {
    expect(app.hasConsole).toBe(true)
    for (const path of ['/', script]) {
      const { status, headers } = await get(path)
      expect(status).toBe(200)
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      )
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
    expect(isIndex(await get('/'))).toBe(true)
    expect(isIndex(await get('/?from=elsewhere', navigation))).toBe(true)
  })

  it('has files that are cached for ever, and a page that is asked for each time', async () => {
    const types = { [script]: 'text/javascript; charset=utf-8', [style]: 'text/css; charset=utf-8' }
    for (const [path, type] of Object.entries(types)) {
      const { headers, body } = await get(path)
      expect(headers).toMatchObject({
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
        'content-length': String(body.length),
      })
      expect(body).toEqual(readFileSync(join(builtConsole, path)))
    }
    const page = await get('/')
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    })
    const { etag = '' } = page.headers
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get('/', { 'if-none-match': known })
      expect(again, known).toMatchObject({ status: 304, body: Buffer.alloc(0) })
      expect(again.headers).toMatchObject({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' })
      expect(again.headers).not.toHaveProperty('content-length')
    }
    for (const other of ['"other"', etag.slice(0, -2), '']) {
      expect((await get('/', { 'if-none-match': other })).status, other).toBe(200)
    }
  })

  it.each([
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP ;q=1.0, br ; q=0', 'gzip'],
    ['br;q=0.1, gzip', 'br'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['deflate, zstd', undefined],
    ['identity', undefined],
    ['', undefined],
  ])('is sent to who accepts "%s" in the coding %s', async (accepted, coding) => {
    const plain = await get(script)
    const { headers, body } = await get(script, { 'accept-encoding': accepted })
    expect(headers['content-encoding']).toBe(coding)
    expect(headers.vary).toBe('accept-encoding')
    expect(headers.etag === plain.headers.etag).toBe(coding === undefined)
    const open = { br: brotliDecompressSync, gzip: gunzipSync }[coding ?? ''] ?? ((bytes: Buffer) => bytes)
    expect(open(body)).toEqual(plain.body)
    expect(headers['content-length']).toBe(String(body.length))
  })

  it.each(['/', '/keys/ukey_01', 'SCRIPT'])('answers HEAD for %s with the headers of GET', async (place) => {
    const path = place.replace('SCRIPT', script)
    const headers = { ...navigation, 'accept-encoding': 'br' }
    const [got, head] = [await send(app, path, headers), await send(app, path, headers, 'HEAD')]
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    const same = ({ date: _date, 'x-request-id': _id, ...rest }: IncomingHttpHeaders) => rest
    expect(same(head.headers)).toEqual(same(got.headers))
  })

  it.each([
    '/keys',
    '/keys/ukey_01jz/versions?state=ACTIVE',
    '/service-keys/Secrets%20Manager',
    '/keys/%EC%97%B4%EC%87%A0',
    '/graphqls',
  ])('is one page, which is opened at %s by navigation only', async (path) => {
    expect(isIndex(await get(path, navigation))).toBe(true)
    for (const headers of [
      {},
      { accept: '*/*' },
      { accept: 'application/json' },
      { accept: 'text/html', 'sec-fetch-mode': 'cors' },
      { accept: 'text/html', 'sec-fetch-mode': 'no-cors' },
    ]) {
      const { status, body } = await get(path, headers)
      expect(status).toBe(404)
      expect(body.toString()).toContain('Unknown path')
    }
    expect((await send(app, path, navigation, 'POST')).status).toBe(404)
  })

  it.each([
    '/assets/other.js',
    '/assets/',
    '/assets',
    '/assets/../index.html',
    '/assets/../files.json',
    '/assets/../../package.json',
    '/assets/../../../../../../etc/passwd',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets/..\\..\\package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/./documents.json',
    '//assets/x.js',
    '/keys//x',
    '/keys/%2Fetc%2Fpasswd',
    '/keys/%5C',
    '/keys/%00',
    '/keys/%0d%0aset-cookie:a',
    '/keys/%ff',
    '/keys/%c0%af',
    '/keys/%',
    '/keys/%zz',
    '/assets/constructor',
    '/__proto__/',
  ])('has nothing but its own files, whatever the path: %s', async (path) => {
    for (const headers of [navigation, {}]) {
      const { status, body } = await get(path, headers)
      // As a page it would do no harm, but no address that was made like this is one.
      if (path === '/__proto__/' && headers === navigation) expect(body.toString()).toBe(index)
      else expect(status).toBe(404)
      expect(body.toString()).not.toMatch(/root:|"dependencies"|sha256/)
    }
  })

  it.each(['files.json', 'documents.json', '.made-from', 'index.html.br', 'index.html.gzip', 'SCRIPT.br'])(
    'does not serve %s, which is beside its files',
    async (name) => {
      const path = name.startsWith('SCRIPT') ? name.replace('SCRIPT', script) : `/${name}`
      expect(existsSync(join(builtConsole, path))).toBe(true)
      expect((await get(path)).status).toBe(404)
    },
  )

  it.each(['/dev', '/dev/else', '/health', '/health/live/x', '/subgraph', '/metrics', '/.well-known/x'])(
    'leaves %s to the server',
    async (path) => {
      const { status, body } = await get(path, navigation)
      expect(status).toBe(404)
      expect(body.toString()).toContain('errors')
    },
  )

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('takes no %s', async (method) => {
    for (const path of ['/', script]) {
      const { status, headers } = await send(app, path, {}, method)
      expect(status).toBe(405)
      expect(headers).toMatchObject({ allow: 'GET, HEAD', 'cache-control': 'no-store' })
    }
  })

  it('leaves GraphiQL, tokens and the API where they are', async () => {
    expect((await get('/graphql', navigation)).body.toString()).toContain('GraphiQL')
    expect(JSON.parse((await get('/dev/tokens/admin')).body.toString())).toHaveProperty('token')
    expect((await get('/health/live')).status).toBe(200)
  })

  it('asks by the IDs of its documents; unknown IDs are answered as without it', async () => {
    const [id = ''] = idsOf('Viewer')
    // By the whole ID, and by its first digits as the console does.
    for (const documentId of [id, shortIdOf(id)]) {
      expect(await post(app, { documentId, operationName: 'Viewer' })).toMatchObject({
        status: 200,
        data: { viewer: { projectId: 'demo' } },
      })
    }
    expect(await post(app, { query: '{ viewer { projectId } }' })).toMatchObject({ status: 200 })
    const unknown = `sha256:${'0'.repeat(64)}`
    expect(await post(app, { documentId: unknown })).toMatchObject({
      status: 400,
      errors: [{ message: expect.stringContaining('documentId'), extensions: { code: 'BAD_REQUEST' } }],
    })
    const extensions = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } }
    expect(await post(app, { extensions })).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }],
    })
  })
})

function idsOf(name: string): string[] {
  return Object.entries(documents)
    .filter(([, text]) => new RegExp(`^\\w+ ${name}\\b`).test(text))
    .map(([id]) => id)
}

async function post(app: App, body: object) {
  const { token } = (await (await fetch(`${app.url}/dev/tokens/member`)).json()) as { token: string }
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return readAnswer(
    await fetch(`${app.url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) }),
  )
}

it('a server that answers trusted documents only trusts those of its console, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-console-'))
  const own = 'query Own { viewer { roles } }'
  const ownId = createHash('sha256').update(own).digest('hex')
  const file = join(folder, 'documents.json')
  writeFileSync(file, JSON.stringify({ [ownId]: own }))
  const { app, dispose } = await startWith({ TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: file })
  onTestFinished(async () => {
    await dispose()
    rmSync(folder, { recursive: true })
  })
  const [id = ''] = idsOf('Viewer')
  expect(await post(app, { documentId: id })).toMatchObject({ data: { viewer: { projectId: 'demo' } } })
  expect(await post(app, { documentId: ownId })).toMatchObject({
    data: { viewer: { roles: expect.any(Array) } },
  })
  const untrusted = { errors: [{ extensions: { code: 'UNTRUSTED_DOCUMENT' } }] }
  expect(await post(app, { query: documents[id] })).toMatchObject(untrusted)
  expect(await post(app, { documentId: '0'.repeat(64) })).toMatchObject(untrusted)
})

describe('without a console', () => {
  it('its paths are as unknown as others, and its documents are untrusted (CONSOLE=off)', async () => {
    const { app, dispose } = await startWith({ CONSOLE: 'off' })
    onTestFinished(dispose)
    expect(app.hasConsole).toBe(false)
    for (const path of [script, '/keys', '/keys/ukey_01', '/index.html']) {
      expect((await send(app, path, navigation)).status, path).toBe(404)
    }
    expect(await send(app, '/', navigation)).toMatchObject({ status: 302, headers: { location: '/graphql' } })
    const [id = ''] = idsOf('Viewer')
    expect(await post(app, { documentId: id })).toMatchObject({ status: 400 })
  })

  const inDevelopment = readConfig({})
  const other = { AUTH_ISSUER: 'https://issuer.test', AUTH_JWKS_URL: 'https://issuer.test/keys' }

  function open(consoleFolder: string, config = inDevelopment) {
    const lines: string[] = []
    const log = createLog('debug', { write: (line) => void lines.push(line) })
    return { console: openConsole({ config, log, schema, consoleFolder }), logged: lines.join('') }
  }

  it('outside of development mode it is off, and cannot be on: it has no login', () => {
    expect(open(builtConsole)).toMatchObject({ console: { answer: expect.any(Function) }, logged: '' })
    expect(open(builtConsole, readConfig(other))).toEqual({ console: null, logged: '' })
    expect(() => readConfig({ ...other, CONSOLE: 'on' })).toThrow('CONSOLE=on needs development mode')
    expect(readConfig({ CONSOLE: 'on' }).CONSOLE).toBe('on')
  })

  it.each([
    ['it was never built', (folder: string) => rmSync(folder, { recursive: true }), 'ENOENT'],
    ['a file is missing', (folder: string) => rmSync(join(folder, script)), 'ENOENT'],
    ['a file was changed', (folder: string) => writeFileSync(join(folder, script), 'x'), 'was changed'],
    ['its list is damaged', (folder: string) => writeFileSync(join(folder, 'files.json'), '{'), 'JSON'],
    ['its list is empty', (folder: string) => writeFileSync(join(folder, 'files.json'), '{}'), 'index.html'],
    [
      'its documents are for another release',
      (folder: string) => {
        const text = 'query Old { viewer { nickname } }'
        const id = createHash('sha256').update(text).digest('hex')
        writeFileSync(join(folder, 'documents.json'), JSON.stringify({ [`sha256:${id}`]: text }))
      },
      'Cannot query field \\"nickname\\"',
    ],
  ])('the log says why and what to do, and all else is served, if %s', (_what, damage, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-console-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    cpSync(builtConsole, folder, { recursive: true })
    damage(folder)
    const { console, logged } = open(folder)
    expect(console).toBe(null)
    expect(logged).toContain('the console is not served')
    expect(logged).toContain('npm run build:console')
    expect(logged).toContain(reason)
  })
})
