import type { CallOptions } from './call-options.ts'
import { type Deadline, pause, startDeadline } from './deadline.ts'
import { errorOf } from './error-of.ts'
import { ConnectionError, type KeysteadError, UnauthenticatedError, UnexpectedAnswerError } from './errors.ts'
import { delayBeforeRetry } from './retry.ts'
import type { TokenSource } from './token.ts'
import type { Tracing } from './tracing.ts'

/** How requests are sent. */
export interface TransportOptions {
  /** Address of the API. */
  readonly endpoint: URL
  readonly fetch: typeof globalThis.fetch
  readonly tokens: TokenSource
  readonly tracing: Promise<Tracing>
  readonly timeoutMs: number
  readonly attemptsMax: number
  /** Documents are sent by their IDs. */
  readonly trustedDocuments: boolean
}

/** A GraphQL request. */
export interface GraphqlRequest {
  /** Name for the span. */
  readonly name: string
  readonly kind: string
  readonly document: string
  /** Variables as JSON. */
  readonly variables: string
  /** It may be sent again although it may have been executed. */
  readonly isRepeatable: boolean
  /** Items of a batch that the client made. */
  readonly items?: number
}

/** An error in an answer. */
export interface GraphqlError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** An answer of the API. `errors` are of parts of `data`; where nothing was answered, the call fails. */
export interface GraphqlAnswer {
  readonly data: Readonly<Record<string, unknown>>
  readonly errors: readonly GraphqlError[]
  readonly requestId: string | null
}

/** Sends requests, with a token, within a time, and again where that is safe. */
export interface Transport {
  /** `read` makes the result of the answer; what it throws is an error of the call that is not repeated. */
  send<Result>(
    request: GraphqlRequest,
    options: CallOptions,
    read: (answer: GraphqlAnswer) => Result,
  ): Promise<Result>
  /** Sends a subscription; the response has events, the first of which is not an error. */
  open(
    request: GraphqlRequest,
    deadline: Deadline,
    read: (response: Response) => Promise<void>,
  ): Promise<void>
}

/** Builds the transport of a client. */
export function createTransport(options: TransportOptions): Transport {
  const { endpoint, tokens } = options

  async function exchange(
    { document, variables }: GraphqlRequest,
    {
      accept,
      headers,
      signal,
    }: { accept: string; headers: Readonly<Record<string, string>>; signal: AbortSignal },
  ): Promise<Response> {
    const { fetch, trustedDocuments } = options
    const text = trustedDocuments
      ? `"documentId":"${await idOf(document)}"`
      : `"query":${JSON.stringify(document)}`
    return fetch(endpoint, {
      method: 'POST',
      headers: { ...headers, accept, 'content-type': 'application/json' },
      body: `{${text},"variables":${variables}}`,
      signal,
      // A token must reach no other address, and no cookie this one.
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
    })
  }

  /** Repeats an attempt while that is safe and there is time. */
  async function repeat<Result>(
    request: GraphqlRequest,
    deadline: Deadline,
    attempt: (token: string) => Promise<Result>,
    onAttempt: (attempts: number) => void,
  ): Promise<Result> {
    let isRenewed = false
    for (let attempts = 1; ; attempts += 1) {
      onAttempt(attempts)
      const token = await deadline.race(tokens.get())
      try {
        return await attempt(token)
      } catch (error) {
        if (deadline.signal.aborted) throw deadline.signal.reason
        if (error instanceof UnauthenticatedError) {
          tokens.refuse(token)
          if (!tokens.isRenewable || isRenewed) throw error
          isRenewed = true
          continue
        }
        const { isRepeatable } = request
        const delayMs = delayBeforeRetry({ error, isRepeatable, attempts, random: Math.random() })
        if (delayMs === null || attempts >= options.attemptsMax || delayMs >= deadline.leftMs()) throw error
        await pause(delayMs, deadline.signal)
      }
    }
  }

  /** A span around all attempts. */
  async function traced<Result>(
    request: GraphqlRequest,
    run: (
      headers: Readonly<Record<string, string>>,
      onAttempt: (attempts: number) => void,
    ) => Promise<Result>,
  ): Promise<Result> {
    const { span } = await options.tracing
    const attributes = {
      'graphql.operation.name': request.name,
      'graphql.operation.type': request.kind,
      'server.address': endpoint.hostname,
      ...(request.items !== undefined && { 'keystead.batch.items': request.items }),
    }
    return span(`keystead ${request.name}`, attributes, (headers, set) =>
      run(headers, (attempts) => {
        if (attempts > 1) set({ 'http.request.resend_count': attempts - 1 })
      }),
    )
  }

  return {
    async send(request, callOptions, read) {
      const deadline = startDeadline(callOptions, options.timeoutMs)
      const accept = 'application/graphql-response+json, application/json;q=0.9'
      try {
        return await traced(request, async (headers, onAttempt) => {
          const attempt = async (token: string) => {
            const { signal } = deadline
            const authorised = { ...headers, authorization: `Bearer ${token}` }
            const response = await connected(exchange(request, { accept, headers: authorised, signal }))
            return readAnswer(response, await connected(response.text()))
          }
          return read(await repeat(request, deadline, attempt, onAttempt))
        })
      } finally {
        deadline.release()
      }
    },

    open(request, deadline, read) {
      return traced(request, (headers, onAttempt) =>
        repeat(
          request,
          deadline,
          async (token) => {
            const { signal } = deadline
            const authorised = { ...headers, authorization: `Bearer ${token}` }
            const accept = 'text/event-stream'
            const response = await connected(exchange(request, { accept, headers: authorised, signal }))
            const type = response.headers.get('content-type') ?? ''
            if (!type.startsWith('text/event-stream')) readAnswer(response, await connected(response.text()))
            await read(response)
          },
          onAttempt,
        ),
      )
    },
  }
}

/** ID of a trusted document (docs/trusted-documents.md). */
async function idOf(document: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(document))
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'))
  return `sha256:${hex.join('')}`
}

/** What a network does in the meantime is not known: no answer came. */
async function connected<Value>(promise: Promise<Value>): Promise<Value> {
  try {
    return await promise
  } catch (error) {
    throw new ConnectionError('No answer of Keystead came back. Check the address and the network.', {
      cause: error,
    })
  }
}

/** Reads an answer. Throws the error of one in which nothing was answered. */
export function readAnswer(response: Response, text: string): GraphqlAnswer {
  const requestId = response.headers.get('x-request-id')
  const { data, errors = [] } = parse(response, text)
  const isAnswered =
    data !== null && data !== undefined && Object.values(data).some((value) => value !== null)
  const [error] = errors
  if (error !== undefined && !isAnswered) throw errorIn(error, requestId)
  if (data === null || data === undefined) throw unexpected(response)
  return { data, errors, requestId }
}

/** The error class of an error in an answer. */
export function errorIn({ message, extensions = {} }: GraphqlError, requestId: string | null): KeysteadError {
  const { code } = extensions
  return errorOf({ ...extensions, code: typeof code === 'string' ? code : 'UNKNOWN', message }, { requestId })
}

function parse(response: Response, text: string): Partial<GraphqlAnswer> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw unexpected(response)
  }
  const { data, errors } = (parsed ?? {}) as Partial<GraphqlAnswer>
  const isAnswer = (typeof data === 'object' && data !== null) || (Array.isArray(errors) && errors.length > 0)
  if (!isAnswer) throw unexpected(response)
  return parsed as Partial<GraphqlAnswer>
}

function unexpected(response: Response): UnexpectedAnswerError {
  return new UnexpectedAnswerError(
    `The answer, of status ${response.status}, is not one of Keystead. Check the address, and what stands between.`,
    { status: response.status, retryAfterSeconds: secondsIn(response.headers.get('retry-after')) },
  )
}

/** Value of a Retry-After header (RFC 9110 §10.2.3): seconds, or a date. */
function secondsIn(value: string | null): number | null {
  if (value === null) return null
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000)
}
