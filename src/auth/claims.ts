import type { JWTPayload } from 'jose'
import type { Config } from '../config.ts'
import {
  type Caller,
  type CallerKind,
  callerGroupsMax,
  formatSubject,
  parseSubject,
  type Role,
  roles,
  type SubjectKind,
} from '../keys/caller.ts'
import { UnauthenticatedError } from './errors.ts'

const textLengthMax = 256
const callerKinds: readonly CallerKind[] = ['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT']

/** Names that a service can have; the name of its key follows from it. */
const serviceName = /^[A-Za-z][A-Za-z0-9 ]{0,63}$/

/** Names of the claims that say who the caller is. */
export type ClaimNames = Pick<
  Config,
  'AUTH_CLAIM_PROJECT' | 'AUTH_CLAIM_ROLES' | 'AUTH_CLAIM_GROUPS' | 'AUTH_CLAIM_KIND' | 'AUTH_CLAIM_SUBJECT'
>

/**
 * Who a verified token speaks for.
 *
 * @throws UnauthenticatedError for claims that are missing or malformed: a caller is known whole or not at all
 */
export function readCaller(payload: JWTPayload & { exp: number }, names: ClaimNames): Caller {
  const kind = readKind(readClaim(payload, names.AUTH_CLAIM_KIND))
  const name = readName(readClaim(payload, names.AUTH_CLAIM_SUBJECT), kind)
  return {
    subject: formatSubject(kind, name),
    kind,
    name,
    groups: readGroups(readClaim(payload, names.AUTH_CLAIM_GROUPS)),
    projectId: readPlainText(readClaim(payload, names.AUTH_CLAIM_PROJECT), 'project'),
    roles: readRoles(readClaim(payload, names.AUTH_CLAIM_ROLES)),
    tokenId: payload.jti === undefined ? null : readPlainText(payload.jti, 'token ID'),
    tokenExpiresAt: new Date(payload.exp * 1000),
  }
}

/** A claim by its name, or else by a path of names with dots between them. Only own properties count. */
function readClaim(payload: object, name: string): unknown {
  if (Object.hasOwn(payload, name)) return (payload as Record<string, unknown>)[name]
  let value: unknown = payload
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value
}

function readKind(value: unknown): CallerKind {
  if (value === undefined) return 'USER'
  const kind = callerKinds.find((each) => each === value)
  if (kind === undefined) throw malformed('kind', `one of ${callerKinds.join(', ')}`)
  return kind
}

function readName(value: unknown, kind: CallerKind): string {
  if (!isSubjectName(value, kind)) {
    throw malformed('subject', `a text of 1 to ${textLengthMax} characters without control characters`)
  }
  if (kind === 'SERVICE_AGENT' && !serviceName.test(value)) {
    throw malformed('subject', 'the name of a service: a letter, then up to 63 letters, digits and spaces')
  }
  return value
}

function readGroups(value: unknown): readonly string[] {
  if (value === undefined) return []
  if (
    !Array.isArray(value) ||
    value.length > callerGroupsMax ||
    !value.every((group): group is string => isSubjectName(group, 'GROUP'))
  ) {
    throw malformed('groups', `a list of at most ${callerGroupsMax} names`)
  }
  return value
}

/** A list, or one text with spaces between the roles (like the scope claim of RFC 8693 §4.2). */
function readRoles(value: unknown): ReadonlySet<Role> {
  if (value === undefined) return new Set()
  const given: unknown = typeof value === 'string' ? value.split(' ') : value
  if (!Array.isArray(given) || !given.every((role) => typeof role === 'string')) {
    throw malformed('roles', 'a list of texts, or one text with spaces between the roles')
  }
  return new Set(roles.filter((role) => given.includes(role)))
}

function readPlainText(value: unknown, claim: string): string {
  if (!isPlainText(value)) {
    throw malformed(claim, `a text of 1 to ${textLengthMax} characters without control characters`)
  }
  return value
}

function isSubjectName(value: unknown, kind: SubjectKind): value is string {
  return isPlainText(value) && parseSubject(formatSubject(kind, value)) !== null
}

function isPlainText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= textLengthMax &&
    !/\p{Cc}/u.test(value) &&
    // Half a surrogate pair has no UTF-8 form: in the database two such names would become one.
    value.isWellFormed()
  )
}

function malformed(claim: string, expected: string): UnauthenticatedError {
  return new UnauthenticatedError(
    `The token's claim for the ${claim} is missing or malformed; it must be ${expected}.`,
  )
}
