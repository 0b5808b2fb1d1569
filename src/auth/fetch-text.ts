import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { FetchImplementation } from 'jose'
import { BadAnswerError, badStatus } from './fetch-trouble.ts'
import type { KeyLocation } from './key-lookup.ts'

/** Largest answer, in bytes. */
const answerBytesMax = 1_048_576

/** Options of a fetch by jose: it times out, and follows no redirects. */
export type FetchOptions = Parameters<FetchImplementation>[1]

/** Certificate authorities and a token for fetches. The files are read each time, since they are replaced while in use. */
export type FetchMeans = Pick<KeyLocation, 'caFile' | 'bearerTokenFile'>

/** A request to a provider, with its timeout. */
interface ProviderRequest {
  readonly method: string
  readonly headers: Headers
  readonly body: string | null
  readonly signal: AbortSignal
}

/** The head of an answer, and its body that is yet to be read. */
interface Opened {
  readonly status: number
  readonly headers: Headers
  readonly body: AsyncIterable<Uint8Array> | null
  cancel(): Promise<void> | void
}

/** Fetches an answer of status 200 and limited size. */
export async function fetchText(
  url: string,
  options: FetchOptions,
  { caFile, bearerTokenFile }: FetchMeans,
): Promise<string> {
  const headers = new Headers(options.headers)
  if (bearerTokenFile !== null) {
    headers.set('authorization', `Bearer ${readFileOf(bearerTokenFile, 'bearerTokenFile').trim()}`)
  }
  const { signal } = options
  const opened = await openUrl(url, { method: 'GET', headers, body: null, signal }, caFile)
  if (opened.status === 200 && opened.body !== null) return (await readLimited(opened.body)).toString('utf8')
  await opened.cancel()
  throw badStatus(opened.status)
}

/** Sends a request and resolves to its answer, whatever its status, if its size is limited. Redirects are not followed. */
export async function fetchLimited(
  url: string,
  request: ProviderRequest,
  caFile: string | null,
): Promise<Response> {
  const { status, headers, body } = await openUrl(url, request, caFile)
  const content = body === null ? null : await readLimited(body)
  // A Response of these takes no body.
  const hasContent = content !== null && content.length > 0 && ![204, 205, 304].includes(status)
  return new Response(hasContent ? new Uint8Array(content) : null, { status, headers })
}

async function openUrl(
  url: string,
  { method, headers, body, signal }: ProviderRequest,
  caFile: string | null,
): Promise<Opened> {
  if (caFile !== null && new URL(url).protocol === 'https:') {
    const ca = readFileOf(caFile, 'caFile')
    return openWithAuthorities(url, { method, signal, headers: Object.fromEntries(headers), ca }, body)
  }
  const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' })
  return {
    status: response.status,
    headers: response.headers,
    body: response.body,
    cancel: () => response.body?.cancel(),
  }
}

/** Sends with `node:https`, since the built-in `fetch` has no option for certificate authorities. */
function openWithAuthorities(
  url: string,
  options: { method: string; signal: AbortSignal; headers: Record<string, string>; ca: string },
  body: string | null,
): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent: false }, (response) =>
      resolve({
        status: response.statusCode ?? 0,
        headers: new Headers(
          Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
            values.map((value): [string, string] => [name, value]),
          ),
        ),
        body: response,
        cancel: () => void response.destroy(),
      }),
    )
    outgoing.on('error', (error) => reject(options.signal.aborted ? options.signal.reason : error))
    outgoing.end(body ?? undefined)
  })
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    // Leaving the loop cancels the rest of the answer.
    if (bytes > answerBytesMax) {
      throw new BadAnswerError('TOO_LARGE', `The answer has more than ${answerBytesMax} bytes.`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function readFileOf(path: string, member: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new BadAnswerError('BAD_FILE', `The file ${path} (${member}) cannot be read.`)
  }
}
