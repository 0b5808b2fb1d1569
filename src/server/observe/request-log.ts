import { AsyncLocalStorage } from 'node:async_hooks'
import type { ErrorCode } from '../../errors.ts'
import type { Log, LogLevel } from '../../log.ts'

/**
 * Why a valid request was not served: the server is full, its caller or project has its share, too many bodies are
 * arriving, it waited too long, its client is gone, or a rate limit of the caller or of its address is used up.
 */
export type Refusal = 'full' | 'share' | 'bodies' | 'waited' | 'gone' | 'rate' | 'failures'

/** Facts about a request that are collected while it is answered, for its log line, its trace and the metrics. */
export interface RequestFacts {
  readonly requestId: string
  /** One of a few routes, never the path that was asked for. */
  route: string
  /** GraphQL: query, mutation or subscription, and the operation's name in the document. */
  operationType: string | null
  operationName: string | null
  /** Codes of all errors in the answer, at any depth. */
  readonly codes: Set<ErrorCode>
  /** Null for a request that was served. */
  refusal: Refusal | null
  /** Why and by what the token was refused, in words that hold nothing of the token; else null. */
  token: TokenFacts | null
}

/** Reason why a token was refused, and the entry and the rule that refused it, if any. */
export interface TokenFacts {
  readonly reason: string
  readonly entry: string | null
  readonly rule: number | null
}

/** A request that was answered. */
export interface AnsweredRequest extends RequestFacts {
  readonly status: number
  readonly durationMs: number
}

/** Longest operation name that is kept, in characters. */
const nameLengthMax = 64

const requests = new AsyncLocalStorage<RequestFacts>()

/** Runs the function that answers a request. The `note…` functions called meanwhile change the facts of this request. */
export function withRequestFacts<T>(requestId: string, answer: (facts: RequestFacts) => T): T {
  const facts: RequestFacts = {
    requestId,
    route: 'other',
    operationType: null,
    operationName: null,
    codes: new Set(),
    refusal: null,
    token: null,
  }
  return requests.run(facts, () => answer(facts))
}

/** Facts about the request that is being answered; null outside of requests. */
export function currentRequest(): RequestFacts | null {
  return requests.getStore() ?? null
}

/** Notes an error in the answer. */
export function noteCode(code: ErrorCode): void {
  requests.getStore()?.codes.add(code)
}

/** Notes that the request is refused. */
export function noteRefusal(refusal: Refusal): void {
  const facts = requests.getStore()
  if (facts !== undefined) facts.refusal = refusal
}

/** Notes why the token of the request is refused. */
export function noteRefusedToken(token: TokenFacts): void {
  const facts = requests.getStore()
  if (facts !== undefined) facts.token = token
}

/** Notes errors of operations, which can be part of the data of the answer. */
export function noteOutcomes(operations: readonly { readonly outcome: 'SUCCEEDED' | ErrorCode }[]): void {
  for (const { outcome } of operations) if (outcome !== 'SUCCEEDED') noteCode(outcome)
}

/** Notes the GraphQL operation of the request. A client can choose a name of any length. */
export function noteOperation(type: string, name: string | null): void {
  const facts = requests.getStore()
  if (facts === undefined) return
  facts.operationType = type
  facts.operationName = name === null ? null : name.slice(0, nameLengthMax)
}

/**
 * Logs a request: its route, duration and outcome. The line holds no document, variables, headers or path. The audit trail
 * has the caller under the same request ID.
 */
export function logRequest(log: Log, request: AnsweredRequest): void {
  const level = levelOf(request)
  if (!log.isLevelEnabled(level)) return
  const { requestId, route, operationType, operationName, status, durationMs, codes, refusal, token } =
    request
  const facts = {
    requestId,
    route,
    ...(operationType !== null && { operationType }),
    ...(operationName !== null && { operationName }),
    status,
    outcome: outcomeOf(request),
    ...(refusal !== null && { refusal }),
    ...(token !== null && {
      reason: token.reason,
      ...(token.entry !== null && { entry: token.entry }),
      ...(token.rule !== null && { rule: token.rule }),
    }),
    ...(codes.size > 1 && { codes: [...codes] }),
    durationMs: Math.round(durationMs * 10) / 10,
  }
  log[level](facts, 'request')
}

/** The most important code of an answer for an operator. */
export function outcomeOf({ status, codes }: Pick<AnsweredRequest, 'status' | 'codes'>): string {
  const [first = status < 400 ? 'SUCCEEDED' : 'REFUSED'] = codes
  return codes.has('INTERNAL') ? 'INTERNAL' : codes.has('UNAVAILABLE') ? 'UNAVAILABLE' : first
}

/** Faults of the server have a higher level than mistakes of callers, and these a higher one than success. */
function levelOf(request: AnsweredRequest): LogLevel {
  const outcome = outcomeOf(request)
  // An overload has a warning of its own. A line for each refused request would be most of the work.
  if (['full', 'share', 'bodies', 'waited', 'gone'].includes(request.refusal ?? '')) return 'debug'
  if (outcome === 'INTERNAL') return 'error'
  if (outcome === 'UNAVAILABLE' || request.status >= 500) return 'warn'
  return outcome === 'SUCCEEDED' ? 'debug' : 'info'
}
