import type { JWTPayload } from 'jose'
import type { Config } from '../config.ts'
import {
  type Caller,
  type CallerKind,
  formatSubject,
  parseSubject,
  type Role,
  roles,
} from '../keys/caller.ts'
import { UnauthenticatedError } from './errors.ts'

const groupsMax = 1000
const projectLengthMax = 256
const tokenIdLengthMax = 256
const callerKinds: readonly CallerKind[] = ['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT']

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
  const project = readClaim(payload, names.AUTH_CLAIM_PROJECT)
  if (typeof project !== 'string' || !isPlainText(project, projectLengthMax)) {
    throw malformed('project', `a text of 1 to ${projectLengthMax} characters`)
  }
  const groups = readTexts(readClaim(payload, names.AUTH_CLAIM_GROUPS) ?? [], 'groups')
  if (
    groups.length > groupsMax ||
    groups.some((group) => parseSubject(formatSubject('GROUP', group)) === null)
  ) {
    throw malformed('groups', `a list of at most ${groupsMax} names`)
  }
  const given = readTexts(readClaim(payload, names.AUTH_CLAIM_ROLES) ?? [], 'roles')
  const tokenId = payload.jti
  return {
    subject: formatSubject(kind, name),
    kind,
    name,
    groups,
    projectId: project,
    roles: new Set(roles.filter((role): role is Role => given.includes(role))),
    tokenId: typeof tokenId === 'string' && isPlainText(tokenId, tokenIdLengthMax) ? tokenId : null,
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
  const isName = typeof value === 'string' && parseSubject(formatSubject(kind, value)) !== null
  if (!isName) throw malformed('subject', 'a text of 1 to 256 characters without control characters')
  return value
}

/** A list of texts, also as one text with spaces between them (like the scope claim of RFC 8693 §4.2). */
function readTexts(value: unknown, claim: string): string[] {
  if (typeof value === 'string') return value.split(' ').filter((text) => text !== '')
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
  throw malformed(claim, 'a list of texts')
}

function isPlainText(text: string, lengthMax: number): boolean {
  return text !== '' && text.length <= lengthMax && !/\p{Cc}/u.test(text) && text.isWellFormed()
}

function malformed(claim: string, expected: string): UnauthenticatedError {
  return new UnauthenticatedError(
    `The token's claim for the ${claim} is missing or malformed; it must be ${expected}.`,
  )
}
