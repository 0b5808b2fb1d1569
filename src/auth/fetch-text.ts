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
  if (caFile === null || new URL(url).protocol !== 'https:') {
    const response = await fetch(url, { ...options, headers })
    if (response.status === 200 && response.body !== null) return readLimited(response.body)
    await response.body?.cancel()
    throw badStatus(response.status)
  }
  return fetchWithAuthorities(url, {
    signal: options.signal,
    headers: Object.fromEntries(headers),
    ca: readFileOf(caFile, 'caFile'),
  })
}

/** Fetches with `node:https`, since the built-in `fetch` has no option for certificate authorities. */
function fetchWithAuthorities(
  url: string,
  options: { signal: AbortSignal; headers: Record<string, string>; ca: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        response.destroy()
        reject(badStatus(response.statusCode ?? 0))
        return
      }
      readLimited(response).then(resolve, reject)
    })
    outgoing.on('error', (error) => reject(options.signal.aborted ? options.signal.reason : error))
    outgoing.end()
  })
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
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
  return Buffer.concat(chunks).toString('utf8')
}

function readFileOf(path: string, member: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new BadAnswerError('BAD_FILE', `The file ${path} (${member}) cannot be read.`)
  }
}
