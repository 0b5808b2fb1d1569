/** The kinds of subjects; the part of a subject string before the colon, in its GraphQL spelling. */
export type SubjectKind = 'USER' | 'GROUP' | 'SERVICE_ACCOUNT' | 'SERVICE_AGENT' | 'SYSTEM'

/** The kinds of subjects that a token can speak for. */
export type CallerKind = 'USER' | 'SERVICE_ACCOUNT' | 'SERVICE_AGENT'

/** The roles that mean something here; a token's other roles are ignored. */
export const roles = [
  'PROJECT_ADMIN',
  'PROJECT_MEMBER',
  'PROJECT_READER',
  'KMS_MANAGER',
  'KMS_USER',
  'KMS_VIEWER',
] as const

/** One of {@link roles}. */
export type Role = (typeof roles)[number]

/** Most groups of one caller. */
export const callerGroupsMax = 1000

/** Who asks, as a verified token says. Made by `auth`, used by the domain. */
export interface Caller {
  /** Subject string, e.g. `user:alice`. */
  readonly subject: string
  readonly kind: CallerKind
  /** The subject's name without its kind; for a service agent the name of its service. */
  readonly name: string
  /** Group names, without the `group:` prefix. */
  readonly groups: readonly string[]
  readonly projectId: string
  readonly roles: ReadonlySet<Role>
  /** The token's `jti`, for the audit trail. */
  readonly tokenId: string | null
  readonly tokenExpiresAt: Date
}

/** One call into the domain: who, and which request it belongs to. */
export interface Call {
  readonly caller: Caller
  readonly requestId: string
  readonly clientAddress: string | null
  /** Aborted once nobody waits for the answer: the request has timed out, or its client is gone. */
  readonly signal: AbortSignal
  /** Takes units of the caller's rate limit for work that is about to start; throws RATE_LIMITED if too few are left. */
  readonly charge: (units: number) => Promise<void>
}

const subjectPrefixes: Readonly<Record<SubjectKind, string>> = {
  USER: 'user',
  GROUP: 'group',
  SERVICE_ACCOUNT: 'service-account',
  SERVICE_AGENT: 'service-agent',
  SYSTEM: 'system',
}

/** The one spelling of a subject, used for creators, owners, access lists and audit actors. */
export function formatSubject(kind: SubjectKind, name: string): string {
  return `${subjectPrefixes[kind]}:${name}`
}

/**
 * Reads a subject string; null if it is not one. Names are 1 to 256 characters without control characters, and well-formed:
 * the database cannot keep half a surrogate pair, so that it names nobody.
 */
export function parseSubject(subject: string): { kind: SubjectKind; name: string } | null {
  const colon = subject.indexOf(':')
  const prefix = subject.slice(0, colon)
  const name = subject.slice(colon + 1)
  const kind = (Object.keys(subjectPrefixes) as SubjectKind[]).find(
    (each) => subjectPrefixes[each] === prefix,
  )
  if (colon < 0 || kind === undefined || name === '' || name.length > 256) return null
  return /\p{Cc}/u.test(name) || !name.isWellFormed() ? null : { kind, name }
}
