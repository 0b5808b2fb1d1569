import type { JWTPayload } from 'jose'
import type { Config } from '../config.ts'
import {
  type Caller,
  type CallerKind,
  callerGroupsMax,
  callerKinds,
  formatSubject,
  nameFault,
  type Role,
  roles,
  subjectNameFault,
} from '../keys/rules/caller.ts'
import { UnauthenticatedError } from './errors.ts'

/** Names of the claims about the caller. */
export type ClaimNames = Pick<
  Config,
  'AUTH_CLAIM_PROJECT' | 'AUTH_CLAIM_ROLES' | 'AUTH_CLAIM_GROUPS' | 'AUTH_CLAIM_KIND' | 'AUTH_CLAIM_SUBJECT'
>

/**
 * Reads the caller from the claims of a verified token.
 *
 * @throws UnauthenticatedError for missing or malformed claims
 */
export function readCaller(payload: JWTPayload & { exp: number }, names: ClaimNames): Caller {
  const kind = readKind(readClaim(payload, names.AUTH_CLAIM_KIND))
  const name = readName(readClaim(payload, names.AUTH_CLAIM_SUBJECT), kind)
  return {
    subject: formatSubject(kind, name),
    kind,
    name,
    groups: readGroups(readClaim(payload, names.AUTH_CLAIM_GROUPS)),
    projectId: readString(readClaim(payload, names.AUTH_CLAIM_PROJECT), 'project', nameFault),
    roles: readRoles(readClaim(payload, names.AUTH_CLAIM_ROLES)),
    tokenId: payload.jti === undefined ? null : readString(payload.jti, 'token ID', nameFault),
    tokenExpiresAt: new Date(payload.exp * 1000),
  }
}

/** Reads a claim by its name, or by a path of names with dots between them. Only own properties count. */
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
  if (kind === undefined) throw malformed('kind', `must be one of ${callerKinds.join(', ')}`)
  return kind
}

function readName(value: unknown, kind: CallerKind): string {
  return readString(value, 'subject', (name) => subjectNameFault(kind, name))
}

function readGroups(value: unknown): readonly string[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > callerGroupsMax) {
    throw malformed('groups', `must be a list of at most ${callerGroupsMax} names`)
  }
  return value.map((group: unknown) => readString(group, 'groups', (name) => subjectNameFault('GROUP', name)))
}

/** Reads a list, or one string with spaces between the roles (like the scope claim of RFC 8693 §4.2). */
function readRoles(value: unknown): ReadonlySet<Role> {
  if (value === undefined) return new Set()
  const given: unknown = typeof value === 'string' ? value.split(' ') : value
  if (!Array.isArray(given) || !given.every((role) => typeof role === 'string')) {
    throw malformed('roles', 'must be a list of strings, or one string with spaces between the roles')
  }
  return new Set(roles.filter((role) => given.includes(role)))
}

/** Reads a name by the rules of access lists, so that every caller can be put on one. */
function readString(value: unknown, claim: string, faultOf: (name: string) => string | null): string {
  if (typeof value !== 'string') throw malformed(claim, `must be a string`)
  const fault = faultOf(value)
  if (fault !== null) throw malformed(claim, fault)
  return value
}

/** @param rule the broken rule, beginning with "must" */
function malformed(claim: string, rule: string): UnauthenticatedError {
  return new UnauthenticatedError(`The token's claim for the ${claim} is missing or malformed; it ${rule}.`)
}
