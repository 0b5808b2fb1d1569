import { textFault } from './names.ts'

/** The kinds of subjects; the part of a subject string before the colon, in its GraphQL spelling. */
export type SubjectKind = 'USER' | 'GROUP' | 'SERVICE_ACCOUNT' | 'SERVICE_AGENT' | 'SYSTEM'

/** Kinds of subjects that tokens are issued for. */
export const callerKinds = ['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'] as const

/** One of {@link callerKinds}. */
export type CallerKind = (typeof callerKinds)[number]

/** Roles with a meaning for Keystead. Other roles of a token are ignored. */
export const roles = [
  'PROJECT_ADMIN',
  'PROJECT_MEMBER',
  'PROJECT_READER',
  'KMS_MANAGER',
  'KMS_USER',
  'KMS_VIEWER',
  'KMS_ENCRYPTER',
  'KMS_DECRYPTER',
  'KMS_SIGNER',
  'KMS_VERIFIER',
  'KMS_AUDITOR',
] as const

/** One of {@link roles}. */
export type Role = (typeof roles)[number]

/** Maximum of groups of one caller. */
export const callerGroupsMax = 1000

/** Authenticated caller, from a verified token. Made by `auth`. */
export interface Caller {
  /** Subject string in its one spelling, e.g. `user:alice`. */
  readonly subject: string
  readonly kind: CallerKind
  /** The subject's name without its kind; for a service agent the name of its service, as the service spells it. */
  readonly name: string
  /** Name for people to read; absent where the token has none. It identifies nobody, and decides nothing. */
  readonly displayName?: string
  /** Group names, without the `group:` prefix. */
  readonly groups: readonly string[]
  readonly projectId: string
  /** Roles of its token and of its role bindings. */
  readonly roles: ReadonlySet<Role>
  /** Those of its roles that its token does not give; absent where it gives all. */
  readonly boundRoles?: ReadonlySet<Role>
  /** The token's `jti`, for the audit trail. */
  readonly tokenId: string | null
  readonly tokenExpiresAt: Date
}

/** Finds the callers of requests. Built by `auth`, and used by the server. */
export interface Authenticator {
  /**
   * Verifies the token in an Authorization header.
   *
   * @throws KeysteadError with the code UNAUTHENTICATED and a `challenge`, or UNAVAILABLE
   */
  authenticate(authorization: string | null): Promise<Caller>
  /** The caller of a token that is cached as verified; null for other tokens. Checks no signature. */
  recognise(authorization: string | null): Caller | null
  /**
   * True if the token names a caller of whom some token was verified before. The name is not verified, so that it allows
   * nothing. It keeps limits on made-up tokens from locking out known callers.
   */
  expects(authorization: string | null): boolean
}

/** Checks whether a caller may do anything with keys. It needs a role, unless it is a service agent. */
export function hasAnyAccess({ roles: given, kind }: Pick<Caller, 'roles' | 'kind'>): boolean {
  return given.size > 0 || kind === 'SERVICE_AGENT'
}

/** Context of one request: its caller, and what all operations of the request share. */
export interface RequestContext {
  /** With its roles as of the start of the request; in a stream, of the last event. */
  readonly caller: Caller
  /** Reads the caller's roles again, for streams. */
  readonly refreshCaller: () => Promise<void>
  readonly requestId: string
  readonly clientAddress: string | null
  /** Aborted when the request has timed out or its client has disconnected. */
  readonly signal: AbortSignal
  /** Charges the caller's rate limit for work that is about to start. Throws RATE_LIMITED if too few units are left. */
  readonly charge: (units: number) => Promise<void>
  /**
   * Resolves when the caller may run a step that takes long without a pause: between two such steps the requests of
   * others are served. Throws if the request is aborted meanwhile.
   */
  readonly loopTurn: () => Promise<void>
}

const subjectPrefixes: Readonly<Record<SubjectKind, string>> = {
  USER: 'user',
  GROUP: 'group',
  SERVICE_ACCOUNT: 'service-account',
  SERVICE_AGENT: 'service-agent',
  SYSTEM: 'system',
}

/** Kind and name of a subject. */
export interface SubjectParts {
  readonly kind: SubjectKind
  readonly name: string
}

/** Canonical subject string, used for creators, owners, access lists and audit actors. */
export function formatSubject(kind: SubjectKind, name: string): string {
  return canonicalSubject(`${subjectPrefixes[kind]}:${name}`)
}

const agentPrefix = `${subjectPrefixes.SERVICE_AGENT}:`

/**
 * Canonical spelling of a subject string. Names of services are not case-sensitive: each word begins with a capital letter
 * here. All other names are case-sensitive.
 *
 * `canonicalSubject` of the store does the same in SQL, for subjects that were stored under other spellings.
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

/** Names of services. The name of a service's key is derived from it, see `serviceKeyName`. */
const serviceName = /^[A-Za-z](?:[A-Za-z0-9 -]{0,62}[A-Za-z0-9])?$/

/** Checks whether a service can have this name. */
export function isServiceName(name: string): boolean {
  return serviceName.test(name)
}

/** Longest name of a subject or a project, in UTF-16 units. */
const nameLengthMax = 256

/** Fault of a name of a subject or project, in words that begin with "must"; null if there is none. */
export function nameFault(name: string): string | null {
  if (name === '' || name.length > nameLengthMax) return `must have 1 to ${nameLengthMax} characters`
  return textFault(name) ?? (name === name.trim() ? null : 'must not begin or end with white space')
}

/** Fault of the name of a subject of a kind, in words that begin with "must"; null if there is none. */
export function subjectNameFault(kind: SubjectKind, name: string): string | null {
  const fault = nameFault(name)
  if (fault !== null || kind !== 'SERVICE_AGENT' || isServiceName(name)) return fault
  return 'must be the name of a service: at most 64 letters, digits, spaces and hyphens, the first one a letter and the last one a letter or digit'
}

/** A given subject in its canonical spelling, or its fault. */
export type GivenSubject = (SubjectParts & { readonly subject: string }) | { readonly fault: string }

const alternatives = new Intl.ListFormat('en', { type: 'disjunction' })

/** Parses a given subject string. Refuses names that no token can have. */
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
 * Splits a subject string; null if it is not one. Accepts subjects that were stored before names were checked as strictly
 * as now, so that they can be shown, searched for and removed from lists. Half of a surrogate pair is refused, because the
 * database cannot store it.
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
