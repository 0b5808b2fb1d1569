import { type Answer, jsonAnswer } from './answer.ts'

/** The two questions about a server's health. */
export type HealthRoute = '/health/live' | '/health/ready'

/** Where health is told, by the names that orchestrators use for it. */
const routes: Readonly<Record<string, HealthRoute>> = {
  '/health/live': '/health/live',
  '/livez': '/health/live',
  '/health/ready': '/health/ready',
  '/readyz': '/health/ready',
}

/** Parts of a server that can keep it from its work, each with what callers of its health may know. */
const reasons = {
  start: 'The server is starting.',
  stop: 'The server is stopping.',
  database: 'The database does not answer.',
  auditTrail: 'Audit records cannot be written, so that no operation and no change can succeed.',
  rootKey: 'The root key cannot be used.',
} as const

/** The name of such a part. */
export type Part = keyof typeof reasons

/** The question that a path asks, or null. */
export function healthRouteOf(path: string | null): HealthRoute | null {
  return path !== null && Object.hasOwn(routes, path) ? (routes[path] ?? null) : null
}

/** The answer of a server that is there. */
export function liveAnswer(): Answer {
  return jsonAnswer(200, { status: 'live' })
}

/** The answer of a server that can do its work, or cannot because of some parts. */
export function readyAnswer(parts: readonly Part[], detail?: string): Answer {
  if (parts.length === 0) return jsonAnswer(200, { status: 'ready' })
  const reason = [...parts.map((part) => reasons[part]), ...(detail === undefined ? [] : [detail])].join(' ')
  return jsonAnswer(503, { status: 'not ready', parts, reason })
}
