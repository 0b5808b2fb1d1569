import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { LRUCache } from 'lru-cache'
import type { ErrorCode } from '../errors.ts'
import { noteCode } from './observe/request-log.ts'

/** Headers of every answer: it must not be cached, sniffed or framed. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** An HTTP answer. */
export interface Answer {
  readonly status: number
  /** Names in lower case. A body without a content-type is an error, which gets a type that the client accepts. */
  readonly headers: Readonly<Record<string, string>>
  /** A string, bytes, or a stream that lasts until its client leaves. */
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null
}

/** An error that is no GraphQL result. */
export interface AnswerError {
  readonly code: ErrorCode
  readonly message: string
  /** Set where a retry can succeed. */
  readonly retryAfterSeconds?: number
}

/**
 * Answer for an error that is no GraphQL result, in the form of GraphQL over HTTP, so that clients meet one form only. Its
 * media type is added when it is sent: it depends on what the client accepts.
 */
export function errorAnswer(
  status: number,
  { code, message, retryAfterSeconds }: AnswerError,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  noteCode(code)
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return {
    status,
    headers: {
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...headers,
    },
    body: `${JSON.stringify({ errors: [{ message, extensions: { code, ...retry } }] })}\n`,
  }
}

/** A JSON answer. */
export function jsonAnswer(status: number, body: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(body)}\n`,
  }
}

/** Cancels the stream of an answer that nobody will read. */
export function dropStream(body: Answer['body']): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
}

const graphqlResponse = 'application/graphql-response+json'
const json = 'application/json'
/** Media type of server-sent events. */
export const eventStream = 'text/event-stream'

/** Media types of answers, without parameters, in the order of preference where a client accepts them equally (`*`/`*`). */
export const mediaTypes = [json, graphqlResponse, eventStream] as const

/** One of {@link mediaTypes}. */
export type MediaType = (typeof mediaTypes)[number]

/** Media types for an Accept header. */
export interface Accepted {
  /** Type of the result of a query or mutation. */
  readonly result: MediaType
  /** Type of an error that is no GraphQL result, such as a missing token. */
  readonly error: Exclude<MediaType, 'text/event-stream'>
  /** True if the client asks for a stream, so that a subscription can be answered. */
  readonly takesStream: boolean
}

/** One media range of an Accept header (RFC 9110 §12.5.1). */
interface MediaRange {
  readonly type: string
  readonly weight: number
}

/** How well a media type suits a client, by the most specific range that matches it. */
interface Suitability {
  readonly mediaType: MediaType
  readonly weight: number
  /** 2 for the type itself, 1 for its main type, 0 for any type. */
  readonly specificity: number
  readonly position: number
}

/** What an error is about. It decides the status together with the media type that the client prefers. */
export type ErrorKind = keyof typeof errorTable

/**
 * How an error is answered: with its own status, with status 200, as the only event of a stream with status 200, or with
 * 406 in its place.
 */
export type Treatment = 'own' | 'ok' | 'event' | 'not acceptable'

/** Treatment of errors by what they are about, and by the media type that the client prefers. */
export const errorTable = {
  exchange: {
    about: 'Path, method, content type, framing, origin',
    statuses: [403, 404, 405, 415, 417, 426, 501],
    json: 'own',
    graphqlResponse: 'own',
    eventStream: 'own',
    none: 'own',
  },
  caller: {
    about: 'Token, rate limit, size and speed of the body',
    statuses: [401, 403, 408, 413, 429],
    json: 'own',
    graphqlResponse: 'own',
    eventStream: 'event',
    none: 'not acceptable',
  },
  body: {
    about: 'Body that is no GraphQL request: no JSON, a list, no `query`, `variables` that are no object',
    statuses: [400],
    json: 'own',
    graphqlResponse: 'own',
    eventStream: 'event',
    none: 'not acceptable',
  },
  document: {
    about: 'Document, `operationName`, values of literals and variables, limits, trusted documents',
    statuses: [400],
    json: 'ok',
    graphqlResponse: 'own',
    eventStream: 'event',
    none: 'not acceptable',
  },
  subscription: {
    about: 'Subscription without `text/event-stream`',
    statuses: [406],
    json: 'own',
    graphqlResponse: 'own',
    eventStream: 'event',
    none: 'not acceptable',
  },
  field: {
    about: 'One field; the other fields are answered',
    statuses: [200],
    json: 'ok',
    graphqlResponse: 'ok',
    eventStream: 'event',
    none: 'not acceptable',
  },
  server: {
    about: 'Overload, timeout, unavailable part, fault of the server',
    statuses: [500, 503],
    json: 'own',
    graphqlResponse: 'own',
    eventStream: 'own',
    none: 'not acceptable',
  },
} as const satisfies Readonly<
  Record<
    string,
    Readonly<Record<'json' | 'graphqlResponse' | 'eventStream' | 'none', Treatment>> & {
      readonly about: string
      readonly statuses: readonly number[]
    }
  >
>

/** True if errors of a kind have status 200 for clients that prefer `application/json`. */
export function isOkAsJson(kind: ErrorKind): boolean {
  return errorTable[kind].json === 'ok'
}

/** The answer to a client that prefers a stream: an error of the request is its only event. Other answers stay. */
export function asEvent(answer: Answer): Answer {
  const { status, headers, body } = answer
  if (status >= 500 || typeof body !== 'string') return answer
  const event = `event: next\ndata: ${body.trimEnd()}\n\nevent: complete\ndata:\n\n`
  return { status: 200, headers: { ...headers, ...streamHeaders }, body: event }
}

/** Headers of an event stream: proxies must neither store nor buffer it. */
export const streamHeaders: Readonly<Record<string, string>> = {
  'content-type': eventStream,
  'cache-control': 'no-cache, no-store',
  'x-accel-buffering': 'no',
}

/** Most Accept headers that are remembered. Clients send the same few with each request. */
const acceptHeadersMax = 100
const readBefore = new LRUCache<string, { readonly accepted: Accepted | null }>({ max: acceptHeadersMax })

/**
 * Media types for an Accept header; null if it accepts none of ours (406). The type with the greatest weight (`q`) wins,
 * then the more specific range, then the order of the header, then that of {@link mediaTypes}.
 */
export function acceptedTypes(accept: string | null): Accepted | null {
  const header = accept ?? ''
  const known = readBefore.get(header)
  if (known !== undefined) return known.accepted
  const accepted = readAccept(header)
  readBefore.set(header, { accepted })
  return accepted
}

function readAccept(header: string): Accepted | null {
  const suitable = suitableTypes(header.trim() === '' ? '*/*' : header)
  const [best] = suitable
  if (best === undefined) return null
  return {
    result: best.mediaType,
    error: errorTypeOf(suitable),
    takesStream:
      best.mediaType === eventStream ||
      suitable.some(({ mediaType, specificity }) => mediaType === eventStream && specificity === 2),
  }
}

/** Content-type of an error that is no GraphQL result, also for clients that accept none of our types. */
export function errorContentType(accept: string | null): string {
  return `${acceptedTypes(accept)?.error ?? json}; charset=utf-8`
}

/** Plain JSON, which each client reads, unless the client names the type that tells GraphQL errors from other JSON. */
function errorTypeOf(suitable: readonly Suitability[]): Accepted['error'] {
  const plain = suitable.find(({ mediaType }) => mediaType === json)
  const telling = suitable.find(({ mediaType }) => mediaType === graphqlResponse)
  if (telling === undefined) return json
  if (plain === undefined) return graphqlResponse
  const isNamed = telling.specificity === 2
  return isNamed && telling.weight >= plain.weight ? graphqlResponse : json
}

/** Media types that a header accepts, the best first. */
function suitableTypes(accept: string): Suitability[] {
  const ranges = accept
    .toLowerCase()
    .split(',')
    .map(readRange)
    .filter((range) => range !== null)
  return mediaTypes
    .map((mediaType) => suitabilityOf(mediaType, ranges))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || b.specificity - a.specificity || a.position - b.position)
}

function suitabilityOf(mediaType: MediaType, ranges: readonly MediaRange[]): Suitability {
  const wildcards = ['*/*', `${mediaType.slice(0, mediaType.indexOf('/'))}/*`, mediaType]
  let best: Suitability = { mediaType, weight: 0, specificity: -1, position: ranges.length }
  for (const [position, { type, weight }] of ranges.entries()) {
    const specificity = wildcards.indexOf(type)
    if (specificity > best.specificity) best = { mediaType, weight, specificity, position }
  }
  return best
}

/** Reads a media range; null for a malformed one, or one of a charset other than UTF-8. Other parameters are ignored. */
function readRange(text: string): MediaRange | null {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  let weight = 1
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=', 2)
    if (name === 'charset' && !/^"?utf-8"?$/.test(value)) return null
    if (name !== 'q') continue
    if (!/^(0|1|0\.\d{0,3}|1\.0{0,3})$/.test(value)) return null
    weight = Number(value)
  }
  return { type, weight }
}

/** Options for sending answers. */
export interface SenderOptions {
  /** A client that does not read its answer within this time loses its connection. */
  readonly withinMs: number
  /** Called for an answer that could not be sent. Must not throw. */
  readonly onFailure: (addressee: Addressee, error: unknown) => void
}

/** Receiver of an answer. */
export interface Addressee {
  readonly response: ServerResponse
  readonly requestId: string
}

/** An answer that goes out at the end of the turn. */
interface Ready extends Omit<Answer, 'body'> {
  readonly addressee: Addressee
  readonly content: string | Uint8Array
}

/**
 * Builds the function that sends answers. Answers of one turn of the event loop are written together at its end: each
 * separate write wakes its client, which costs a third of the time of a short request. A client has a limited time to read
 * its answer, so that answers cannot pile up in memory. A stream lasts until its client leaves.
 */
export function createSender({
  withinMs,
  onFailure,
}: SenderOptions): (addressee: Addressee, answer: Answer) => void {
  let ready: Ready[] = []

  function sendReady(): void {
    const all = ready
    ready = []
    for (const each of all) {
      try {
        sendContent(each)
      } catch (error) {
        onFailure(each.addressee, error)
      }
    }
  }

  function sendContent({ addressee: { response }, status, headers, content }: Ready): void {
    if (response.closed) return
    // Of an answer 304, it would be the length of the form that is not sent.
    const length = status === 304 ? {} : { 'content-length': Buffer.byteLength(content) }
    response.writeHead(status, { ...headers, ...length })
    response.end(content)
    if (response.writableFinished) return
    const timer = setTimeout(() => response.destroy(), withinMs)
    response.once('close', () => clearTimeout(timer))
  }

  return (addressee, { status, headers, body }) => {
    const { response } = addressee
    if (response.closed) {
      dropStream(body)
    } else if (body instanceof ReadableStream) {
      sendStream(response, { status, headers, body })
    } else if (ready.push({ addressee, status, headers, content: body ?? '' }) === 1) {
      setImmediate(sendReady)
    }
  }
}

function sendStream(
  response: ServerResponse,
  { status, headers, body }: Answer & { readonly body: ReadableStream },
): void {
  response.writeHead(status, headers)
  // Tells the client at once that it is connected.
  response.flushHeaders()
  // A stream that fails ends without its last event, which tells the client.
  void pipeline(Readable.fromWeb(body as NodeReadableStream), response).catch(() => {})
}
