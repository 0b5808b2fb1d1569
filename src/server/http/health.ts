import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, errorAnswer, jsonAnswer, securityHeaders } from '../answer.ts'
import { pathOf } from './request-head.ts'

/** Routes of the two health checks. */
export type HealthRoute = '/health/live' | '/health/ready'

/** Paths of the health checks, with the names that orchestrators use. */
const routes: Readonly<Record<string, HealthRoute>> = {
  '/health/live': '/health/live',
  '/livez': '/health/live',
  '/health/ready': '/health/ready',
  '/readyz': '/health/ready',
}

/** Parts that can make a server not ready, or worth a warning, each with the reason that anyone may read. */
const reasons = {
  start: 'The server is starting.',
  stop: 'The server is stopping.',
  database: 'The database does not answer.',
  auditTrail: 'Audit records cannot be written, so that no operation and no change can succeed.',
  rootKey: 'The root key cannot be used.',
  issuers: 'The keys of no token issuer have been fetched yet, so that no token can be verified.',
  someIssuers: 'The keys of some token issuers have not been fetched yet: their tokens cannot be verified.',
} as const

/** Name of such a part. */
export type Part = keyof typeof reasons

/** Health check at a path; null if the path is another one. */
export function healthRouteOf(path: string | null): HealthRoute | null {
  return path !== null && Object.hasOwn(routes, path) ? (routes[path] ?? null) : null
}

/** Answer of a live server. */
export function liveAnswer(): Answer {
  return jsonAnswer(200, { status: 'live' })
}

/** Parts without which the server can still work for others. */
const warnings: readonly Part[] = ['someIssuers']

/** Answer of a server that is ready, or is not because of these parts. */
export function readyAnswer(parts: readonly Part[], detail?: string): Answer {
  if (parts.length === 0) return jsonAnswer(200, { status: 'ready' })
  if (parts.every((part) => warnings.includes(part))) {
    return jsonAnswer(200, { status: 'ready', parts, reason: parts.map((part) => reasons[part]).join(' ') })
  }
  const reason = [...parts.map((part) => reasons[part]), ...(detail === undefined ? [] : [detail])].join(' ')
  return jsonAnswer(503, { status: 'not ready', parts, reason })
}

/** Answers requests while the server starts, so that a start-up probe learns what it waits for. */
interface StartingAnswers {
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Sets the stage of the start: one sentence without secrets. */
  setStage(stage: string): void
}

/** Builds the answers during a start. */
export function createStartingAnswers(): StartingAnswers {
  let stage = ''

  function answer(request: IncomingMessage): Answer {
    const health = healthRouteOf(pathOf(request))
    if (health === '/health/live') return liveAnswer()
    if (health === '/health/ready') return readyAnswer(['start'], stage)
    const message = `The server is starting. ${stage} Nothing was done; try again in a second.`
    return errorAnswer(503, { code: 'UNAVAILABLE', message, retryAfterSeconds: 1 })
  }

  return {
    handle(request, response) {
      const { status, headers, body } = answer(request)
      // The body stays unread, so that the connection cannot be used for the next request.
      response.writeHead(status, { ...securityHeaders, ...headers, connection: 'close' })
      response.end(body)
    },
    setStage(sentence) {
      stage = sentence
    },
  }
}
