import { AsyncLocalStorage } from 'node:async_hooks'
import type { ErrorCode } from '../../errors.ts'

/**
 * Why a request was not served although nothing is wrong with it: the server has too many, or the caller too many of
 * them, or too many bodies are arriving, or it waited too long or its client has gone, or a limit of the caller or of its
 * address is used up.
 */
export type Refusal = 'full' | 'share' | 'bodies' | 'waited' | 'gone' | 'rate' | 'failures'

/** What becomes known of a request while it is answered: for its log line, its trace and the metrics. */
export interface RequestFacts {
  readonly requestId: string
  /** Where it went: one of few, never the path that was asked for. */
  route: string
  /** Of GraphQL: query or mutation, and the name that the document gives it. */
  operationType: string | null
  operationName: string | null
  /** Codes of all errors in the answer, wherever they stand in it. */
  readonly codes: Set<ErrorCode>
  /** Null for a request that was served. */
  refusal: Refusal | null
  /** Why the token was not accepted, in the words of the answer, which hold nothing of the token; else null. */
  reason: string | null
}

/** Longest name of an operation that is kept. */
const nameLengthMax = 64

const requests = new AsyncLocalStorage<RequestFacts>()

/** Runs what answers a request, so that what is noted meanwhile is noted of that request. */
export function withRequestFacts<T>(requestId: string, answer: (facts: RequestFacts) => T): T {
  const facts: RequestFacts = {
    requestId,
    route: 'other',
    operationType: null,
    operationName: null,
    codes: new Set(),
    refusal: null,
    reason: null,
  }
  return requests.run(facts, () => answer(facts))
}

/** The request that is being answered, if there is one. */
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

/** Notes why the token of the request is not accepted. */
export function noteReason(reason: string): void {
  const facts = requests.getStore()
  if (facts !== undefined) facts.reason = reason
}

/** Notes how operations went, which may tell of errors that the answer has among its data. */
export function noteOutcomes(operations: readonly { readonly outcome: 'SUCCEEDED' | ErrorCode }[]): void {
  for (const { outcome } of operations) if (outcome !== 'SUCCEEDED') noteCode(outcome)
}

/** Notes which operation of its document a request runs. The name is a GraphQL name, but as long as a client likes. */
export function noteOperation(type: string, name: string | null): void {
  const facts = requests.getStore()
  if (facts === undefined) return
  facts.operationType = type
  facts.operationName = name === null ? null : name.slice(0, nameLengthMax)
}
