import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { extname, join } from 'node:path'
import type { GraphQLSchema } from 'graphql'
import { type Config, consoleModeOf } from '../../config.ts'
import type { Log } from '../../log.ts'
import { type Answer, errorAnswer } from '../answer.ts'
import { documentRules } from '../graphql/check-document.ts'
import { readTrustedDocuments, type TrustedDocuments, withShortIds } from '../graphql/trusted-documents.ts'
import { callbackPath } from './console-session.ts'
import { headerOf, isKnownTag } from './request-head.ts'

/** The console, as it was built. */
export interface Console {
  /** The documents that it sends by their ID. */
  readonly documents: TrustedDocuments
  /** Answers a request for one of its pages or files; null for other requests. */
  readonly answer: (request: IncomingMessage, path: string) => Answer | null
}

/** Where `npm run build:console` puts the console: `dist/console/dist` in the package. */
const builtFolder = join(import.meta.dirname, '../../../console/dist')

/** What it takes to find the console, and to check its documents. */
export interface ConsoleParts {
  readonly config: Config
  readonly log: Log
  readonly schema: GraphQLSchema
  /** Replaces the folder of the built console, for tests. */
  readonly consoleFolder?: string
}

/** Opens the console; null where it is off. If it is not built, or damaged, the log says so, and the rest is served. */
export function openConsole({ config, log, schema, consoleFolder }: ConsoleParts): Console | null {
  if (consoleModeOf(config) === null) return null
  const folder = consoleFolder ?? builtFolder
  try {
    const answers = createConsoleAnswers(readFiles(folder), headersFor(config))
    const documents = withShortIds(
      readTrustedDocuments(join(folder, 'documents.json'), { schema, rules: documentRules(config) }),
    )
    return { documents, answer: answers }
  } catch (error) {
    log.warn(
      { reason: error instanceof Error ? error.message : 'unknown error' },
      'the console is not served: build it with "npm run build:console", or switch it off (CONSOLE=off)',
    )
    return null
  }
}

/** Content codings that files are stored in, the best first. */
const codings = ['br', 'gzip'] as const
type Coding = (typeof codings)[number] | 'identity'

/** One form of a file. */
interface Form {
  readonly bytes: Uint8Array
  readonly etag: string
}

/** A file in its forms. */
interface ServedFile {
  readonly contentType: string
  readonly forms: ReadonlyMap<string, Form>
}

const indexPath = 'index.html'

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/**
 * Reads the files that `files.json` lists, into memory: no request reaches the file system.
 *
 * @throws Error if one is missing or was changed
 */
function readFiles(folder: string): ReadonlyMap<string, ServedFile> {
  const list = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')) as Readonly<
    Record<string, Readonly<Record<string, string>>>
  >
  const files = new Map<string, ServedFile>()
  for (const [path, hashes] of Object.entries(list)) {
    const contentType = contentTypes[extname(path)]
    if (contentType === undefined) throw new Error(`${path} has an unknown type`)
    const forms = Object.entries(hashes).map(([coding, hash]) => {
      const bytes = readFileSync(join(folder, coding === 'identity' ? path : `${path}.${coding}`))
      if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new Error(`${path} was changed`)
      return [coding, { bytes, etag: `"${hash.slice(0, 32)}"` }] as const
    })
    files.set(`/${path}`, { contentType, forms: new Map(forms) })
  }
  if (!files.has(`/${indexPath}`)) throw new Error(`files.json does not list ${indexPath}`)
  return files
}

/**
 * Headers of every page and file. Nothing is loaded from other servers, nothing inline runs, and no text becomes code. If codes
 * are exchanged in the browser, the page may ask the issuer, too.
 */
function headersFor(config: Config): Readonly<Record<string, string>> {
  const asksIssuer = consoleModeOf(config) === 'oidc' && config.CONSOLE_OIDC_EXCHANGE === 'browser'
  const issuer = asksIssuer ? ` ${new URL(config.CONSOLE_OIDC_ISSUER ?? '').origin}` : ''
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      `connect-src 'self'${issuer}`,
      "img-src 'self' data:",
      "font-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}

const assets = /^\/assets\//
/** Paths of the server itself, which are never pages of the console. */
const reserved =
  /^\/(assets|console\/session|console\/settings\.json|dev|graphql|health|jwks|livez|metrics|readyz|subgraph|\.well-known)(\/|$)/

/** Builds the function that answers for the console. A page that the code finds by its address is `index.html`. */
function createConsoleAnswers(
  files: ReadonlyMap<string, ServedFile>,
  pageHeaders: Readonly<Record<string, string>>,
): Console['answer'] {
  const answerFile = (request: IncomingMessage, file: ServedFile, caching: string) =>
    answerWithFile(request, file, { ...pageHeaders, 'cache-control': caching })
  return (request, path) => {
    if (path === '/') return answerFile(request, fileAt(`/${indexPath}`), 'no-cache')
    if (assets.test(path)) {
      const file = isPlain(request, path) ? files.get(path) : undefined
      // Its name changes with its content.
      return file ? answerFile(request, file, 'public, max-age=31536000, immutable') : null
    }
    if (files.has(path) && path !== `/${indexPath}`) return answerFile(request, fileAt(path), 'no-cache')
    if (reserved.test(path) || !isPlain(request, path) || !isNavigation(request)) return null
    // The address of the callback holds a code.
    return answerFile(request, fileAt(`/${indexPath}`), path === callbackPath ? 'no-store' : 'no-cache')
  }

  function fileAt(path: string): ServedFile {
    const file = files.get(path)
    if (file === undefined) throw new TypeError('the list of files was checked')
    return file
  }
}

/** True if the path is sent as it is understood: with no `..`, backslash, empty segment, or encoded delimiter. */
function isPlain({ url = '' }: IncomingMessage, path: string): boolean {
  if (url.split('?', 1)[0] !== path || path.includes('//')) return false
  try {
    return !/[/\\\p{Cc}]/u.test(path.slice(1).split('/').map(decodeURIComponent).join(''))
  } catch {
    return false
  }
}

/** True if a browser opens a page, rather than loading something for one. */
function isNavigation({ method, headers }: IncomingMessage): boolean {
  const mode = headerOf(headers, 'sec-fetch-mode')
  return (
    (method === 'GET' || method === 'HEAD') &&
    (mode === null || mode === 'navigate') &&
    /(^|,)\s*text\/html\s*(;|,|$)/i.test(headerOf(headers, 'accept') ?? '')
  )
}

function answerWithFile(
  request: IncomingMessage,
  { contentType, forms }: ServedFile,
  pageHeaders: Readonly<Record<string, string>>,
): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const message = 'Pages and files of the console are answered to GET and HEAD requests only.'
    return errorAnswer(405, { code: 'BAD_REQUEST', message }, { allow: 'GET, HEAD' })
  }
  const coding = codingFor(headerOf(request.headers, 'accept-encoding'), forms)
  const form = forms.get(coding)
  if (form === undefined) throw new TypeError('each file has its plain form')
  const headers = { ...pageHeaders, etag: form.etag, vary: 'accept-encoding' }
  if (isKnownTag(headerOf(request.headers, 'if-none-match'), form.etag))
    return { status: 304, headers, body: null }
  return {
    status: 200,
    headers: {
      ...headers,
      'content-type': contentType,
      ...(coding !== 'identity' && { 'content-encoding': coding }),
    },
    body: form.bytes,
  }
}

/** The form for an Accept-Encoding header (RFC 9110 §12.5.3): the smallest that the client accepts. */
function codingFor(accepted: string | null, forms: ServedFile['forms']): Coding {
  const weights = new Map(
    (accepted ?? '').split(',').map((each) => {
      const [name = '', ...parameters] = each.toLowerCase().split(';')
      const weight = parameters
        .map((parameter) => /^\s*q\s*=\s*([\d.]+)\s*$/.exec(parameter)?.[1])
        .find(Boolean)
      return [name.trim(), Number(weight ?? 1)] as const
    }),
  )
  const isAccepted = (coding: string) => (weights.get(coding) ?? weights.get('*') ?? 0) > 0
  return codings.find((coding) => forms.has(coding) && isAccepted(coding)) ?? 'identity'
}
