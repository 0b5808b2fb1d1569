import type { Log, LogLevel } from '../../log.ts'
import type { RequestFacts } from './request-facts.ts'

/** A request that was answered. */
export interface AnsweredRequest extends RequestFacts {
  readonly status: number
  readonly durationMs: number
}

/**
 * One line for each request: when it was, how long it took and how it went. Neither its document nor its variables,
 * headers or path are in it, and not who asked: that is in the audit trail, under the same request ID.
 */
export function logRequest(log: Log, request: AnsweredRequest): void {
  const level = levelOf(request)
  if (!log.isLevelEnabled(level)) return
  const { requestId, route, operationType, operationName, status, durationMs, codes, refusal, reason } =
    request
  const facts = {
    requestId,
    route,
    ...(operationType !== null && { operationType }),
    ...(operationName !== null && { operationName }),
    status,
    outcome: outcomeOf(request),
    ...(refusal !== null && { refusal }),
    ...(reason !== null && { reason }),
    ...(codes.size > 1 && { codes: [...codes] }),
    durationMs: Math.round(durationMs * 10) / 10,
  }
  log[level](facts, 'request')
}

/** The code that an operator should see first. */
export function outcomeOf({ status, codes }: Pick<AnsweredRequest, 'status' | 'codes'>): string {
  const [first = status < 400 ? 'SUCCEEDED' : 'REFUSED'] = codes
  return codes.has('INTERNAL') ? 'INTERNAL' : codes.has('UNAVAILABLE') ? 'UNAVAILABLE' : first
}

/** What the server is to blame for stands out; what callers do wrong must not drown it, nor what goes well. */
function levelOf(request: AnsweredRequest): LogLevel {
  const outcome = outcomeOf(request)
  // An overload has a warning of its own. A line for each request would be most of the work that it makes.
  if (['full', 'share', 'bodies', 'waited', 'gone'].includes(request.refusal ?? '')) return 'debug'
  if (outcome === 'INTERNAL') return 'error'
  if (outcome === 'UNAVAILABLE' || request.status >= 500) return 'warn'
  return outcome === 'SUCCEEDED' ? 'debug' : 'info'
}
