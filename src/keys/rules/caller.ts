import { textFault } from './plain-text.ts'

/** The kinds of subjects; the part of a subject string before the colon, in its GraphQL spelling. */
export type SubjectKind = 'USER' | 'GROUP' | 'SERVICE_ACCOUNT' | 'SERVICE_AGENT' | 'SYSTEM'

/** The kinds of subjects that a token can speak for. */
export const callerKinds = ['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'] as const

/** One of {@link callerKinds}. */
export type CallerKind = (typeof callerKinds)[number]

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
  /** Subject string in its one spelling, e.g. `user:alice`. */
  readonly subject: string
  readonly kind: CallerKind
  /** The subject's name without its kind; for a service agent the name of its service, as the service spells it. */
  readonly name: string
  /** Group names, without the `group:` prefix. */
  readonly groups: readonly string[]
  readonly projectId: string
  readonly roles: ReadonlySet<Role>
  /** The token's `jti`, for the audit trail. */
  readonly tokenId: string | null
  readonly tokenExpiresAt: Date
}

/** Whether a caller may do anything with keys: it has a role, or is a service, whose own key needs none. */
export function hasAnyAccess({ roles: given, kind }: Pick<Caller, 'roles' | 'kind'>): boolean {
  return given.size > 0 || kind === 'SERVICE_AGENT'
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

/** A subject string taken apart. */
export interface SubjectParts {
  readonly kind: SubjectKind
  readonly name: string
}

/** The one spelling of a subject, used for creators, owners, access lists and audit actors. */
export function formatSubject(kind: SubjectKind, name: string): string {
  return canonicalSubject(`${subjectPrefixes[kind]}:${name}`)
}

const agentPrefix = `${subjectPrefixes.SERVICE_AGENT}:`

/**
 * The one spelling of a subject string. A service may spell its name in capital or small letters as it likes: each word of
 * it begins with a capital letter here. All other names mean somebody else if a single character differs.
 *
 * `canonicalSubject` of the store says the same in SQL, for what was stored under other spellings.
 */
export function canonicalSubject(subject: string): string {
  if (!subject.startsWith(agentPrefix)) return subject
  const words = /[A-Za-z0-9]+/g
  return `${agentPrefix}${subject
    .slice(agentPrefix.length)
    .replace(words, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())}`
}

/** The stored form of an access list. */
export function subjectSet(subjects: readonly string[]): string[] {
  return [...new Set(subjects.map(canonicalSubject))].sort()
}

/** Names that a service can have; the name of its key is derived from it. */
const serviceName = /^[A-Za-z](?:[A-Za-z0-9 ]{0,62}[A-Za-z0-9])?$/

/** Whether a service can have this name. */
export function isServiceName(name: string): boolean {
  return serviceName.test(name)
}

/** Longest name of a subject or a project, in UTF-16 units. */
const nameLengthMax = 256

/** What is wrong with a name of a subject or a project, in words that begin with "must"; null for a right one. */
export function nameFault(name: string): string | null {
  if (name === '' || name.length > nameLengthMax) return `must have 1 to ${nameLengthMax} characters`
  return textFault(name) ?? (name === name.trim() ? null : 'must not begin or end with white space')
}

/** The same for the name of a subject of a kind. */
export function subjectNameFault(kind: SubjectKind, name: string): string | null {
  const fault = nameFault(name)
  if (fault !== null || kind !== 'SERVICE_AGENT' || isServiceName(name)) return fault
  return 'must be the name of a service: a letter, then up to 63 letters, digits and spaces'
}

/** A subject that was given, in its one spelling, or what is wrong with it. */
export type GivenSubject = (SubjectParts & { readonly subject: string }) | { readonly fault: string }

const alternatives = new Intl.ListFormat('en', { type: 'disjunction' })

/** Reads a subject string that somebody gives. What no token can have is refused: it would never name anybody. */
export function readSubject(
  given: string,
  kinds: readonly SubjectKind[] = ['USER', 'GROUP', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'],
): GivenSubject {
  const parts = splitSubject(given)
  if (parts === null || !kinds.includes(parts.kind)) {
    return { fault: `must be ${alternatives.format(kinds.map((kind) => `${subjectPrefixes[kind]}:NAME`))}` }
  }
  const fault = subjectNameFault(parts.kind, parts.name)
  if (fault !== null) return { fault: `has a name that ${fault}` }
  return { ...parts, subject: canonicalSubject(given) }
}

/**
 * Takes a subject string apart; null if it is not one. Also of those that were stored before names were checked as they
 * are now, so that they can be shown, searched for and taken off a list. Half a surrogate pair names nobody: the database
 * cannot keep it.
 */
export function parseSubject(subject: string): SubjectParts | null {
  const parts = splitSubject(subject)
  if (parts === null || parts.name === '' || parts.name.length > nameLengthMax) return null
  return /\p{Cc}/u.test(parts.name) || !parts.name.isWellFormed() ? null : parts
}

function splitSubject(subject: string): SubjectParts | null {
  const colon = subject.indexOf(':')
  const prefix = subject.slice(0, colon)
  const name = subject.slice(colon + 1)
  const kind = (Object.keys(subjectPrefixes) as SubjectKind[]).find(
    (each) => subjectPrefixes[each] === prefix,
  )
  return colon < 0 || kind === undefined ? null : { kind, name }
}
