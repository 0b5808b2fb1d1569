import { randomUUID } from 'node:crypto'
import type { ErrorCode } from '../errors.ts'
import { noteCode } from './request-facts.ts'

/** Headers of every answer: nothing here may be kept, guessed at, or put into a frame. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** An error outside of GraphQL. */
export interface AnswerError {
  readonly code: ErrorCode
  readonly message: string
  /** Where it helps to try again after some time. */
  readonly retryAfterSeconds?: number
}

/** An error outside of GraphQL, in the form of GraphQL-over-HTTP, so that clients need to know one form only. */
export function errorAnswer(
  status: number,
  { code, message, retryAfterSeconds }: AnswerError,
  headers: Readonly<Record<string, string>> = {},
): Response {
  noteCode(code)
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return jsonAnswer(
    status,
    { errors: [{ message, extensions: { code, ...retry } }] },
    {
      'content-type': 'application/graphql-response+json; charset=utf-8',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...headers,
    },
  )
}

/** A JSON answer. */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })
}

/** The ID under which a request is logged and audited: the client's own if it is harmless, else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : randomUUID()
}
