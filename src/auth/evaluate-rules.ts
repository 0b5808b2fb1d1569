import {
  type Caller,
  callerGroupsMax,
  callerKinds,
  formatSubject,
  roles as knownRoles,
  nameFault,
  type SubjectKind,
  subjectNameFault,
} from '../keys/rules/caller.ts'
import { type Claims, describeCondition, holds, nameOfClaim, readClaim, readSource } from './read-source.ts'
import type { RuleSet, Source, TokenRule } from './token-rules.ts'

/** Verdict of the rules about a token. Reasons name claims of the rules, never values of the token. */
export type Verdict =
  | { readonly caller: Caller; readonly rule: number }
  | {
      readonly reason: string
      /** Number of the rule, from 0; null if none matched. */
      readonly rule: number | null
      /** True if the token is for another audience, so that another entry may accept it. */
      readonly isForeign: boolean
    }

/** What rules are evaluated on. */
export interface Evaluated {
  readonly claims: Claims & { readonly exp: number }
  /** Names of all entries that put theirs before names. No other name may begin with one of them and "/". */
  readonly prefixes: readonly string[]
}

/** Evaluates the rules of an entry on the claims of a verified token. Pure. */
export function evaluateRules(set: RuleSet, { claims, prefixes }: Evaluated): Verdict {
  const rule = set.rules.findIndex(({ when }) => when.every((condition) => holds(condition, claims)))
  const found = set.rules[rule]
  if (found === undefined) {
    return { reason: 'no rule matches the token', rule: null, isForeign: !hasAudience(set.audiences, claims) }
  }
  const foreign = audienceFault(found, set, claims)
  if (foreign !== null) return { reason: foreign, rule, isForeign: true }
  try {
    return { caller: readCaller(found, set, { claims, prefixes }), rule }
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    return { reason: error.message, rule, isForeign: false }
  }
}

/** First condition of a rule that does not hold, in words; null if the rule matches. */
export function describeMismatch({ when }: TokenRule, claims: Claims): string | null {
  const failed = when.find((condition) => !holds(condition, claims))
  return failed === undefined ? null : describeCondition(failed)
}

/** Why a name that is not prefixed could be taken for a prefixed one; null if it could not. */
export function reservedNameFault(name: string, prefixes: readonly string[]): string | null {
  const prefix = prefixes.find((each) => name.startsWith(`${each}/`))
  return prefix === undefined ? null : `begins with "${prefix}/", the prefix of the entry ${prefix}`
}

class RuleFault extends Error {}

function readCaller(
  rule: TokenRule,
  { entry, projects, kinds }: RuleSet,
  { claims, prefixes }: Evaluated,
): Caller {
  const kind = callerKinds.find((each) => each === readOne(rule.kind, claims, 'kind'))
  if (kind === undefined) throw new RuleFault(`the kind must be one of ${callerKinds.join(', ')}`)
  const projectId = readOne(rule.project, claims, 'project')
  assertFit('project', nameFault(projectId))
  if (projects !== null && !projects.includes(projectId)) {
    throw new RuleFault('the entry is not trusted for the project that comes out')
  }
  if (kinds !== null && !kinds.includes(kind)) {
    throw new RuleFault(`the entry is not trusted for callers of kind ${kind}`)
  }
  const nameAs = (what: string, subjectKind: SubjectKind, name: string): string => {
    if (!rule.prefixNames) assertFit(what, reservedNameFault(name, prefixes))
    const full = rule.prefixNames ? `${entry}/${name}` : name
    assertFit(what, subjectNameFault(subjectKind, full))
    return full
  }
  const name = nameAs('subject', kind, readOne(rule.subject, claims, 'subject'))
  const groups = readAll(rule.groups, claims, 'groups')
  if (groups.length > callerGroupsMax) throw new RuleFault(`the groups are more than ${callerGroupsMax}`)
  const roles = readAll(rule.roles, claims, 'roles')
  const displayName = readDisplayName(rule, claims)
  return {
    subject: formatSubject(kind, name),
    kind,
    name,
    ...(displayName !== undefined && { displayName }),
    groups: groups.map((group) => nameAs('groups', 'GROUP', group)),
    projectId,
    roles: new Set(knownRoles.filter((role) => roles.includes(role))),
    tokenId: readTokenId(claims),
    tokenExpiresAt: new Date(claims.exp * 1000),
  }
}

function readOne(source: Source, claims: Claims, what: string): string {
  const [value, ...others] = readAll([source], claims, what)
  if (value === undefined) throw new RuleFault(`the ${what} has no value`)
  if (others.length > 0) throw new RuleFault(`the ${what} has ${others.length + 1} values and must have one`)
  return value
}

function readAll(sources: readonly Source[], claims: Claims, what: string): readonly string[] {
  const values = sources.flatMap((source) => {
    const reading = readSource(source, claims)
    if ('fault' in reading) throw new RuleFault(`the ${what} cannot be read: ${reading.fault}`)
    return reading.values
  })
  return [...new Set(values)]
}

/** It decides nothing, so that a token is not refused for it: what cannot be a name is left out. */
function readDisplayName({ displayName }: TokenRule, claims: Claims): string | undefined {
  return displayName
    .map((source) => readSource(source, claims))
    .flatMap((reading) => ('fault' in reading ? [] : reading.values))
    .find((value) => nameFault(value) === null)
}

function readTokenId(claims: Claims): string | null {
  const id = readClaim(claims, ['jti'])
  if (id === undefined) return null
  if (typeof id !== 'string') throw new RuleFault('the claim "jti" must be a string')
  assertFit('claim "jti"', nameFault(id))
  return id
}

/** @param fault words that begin with a verb; null if there is none */
function assertFit(what: string, fault: string | null): void {
  if (fault !== null) throw new RuleFault(`the ${what} ${fault}`)
}

function audienceFault({ audience }: TokenRule, { audiences }: RuleSet, claims: Claims): string | null {
  if (audience === null) {
    return hasAudience(audiences, claims) ? null : `the audience ("aud") is none of the entry's`
  }
  if (!audience.ignoreAud && readClaim(claims, ['aud']) !== undefined) {
    return 'the token has an audience ("aud"), and the rule is for tokens without one'
  }
  const value = readClaim(claims, audience.claim)
  const isFit = typeof value === 'string' && audience.values.includes(value)
  return isFit ? null : `the claim ${nameOfClaim(audience.claim)} is none of the rule's audiences`
}

/** Tells whether a token is for one of these audiences (RFC 7519 §4.1.3). */
export function hasAudience(audiences: readonly string[], claims: Claims): boolean {
  const given = readClaim(claims, ['aud'])
  const values: readonly unknown[] = Array.isArray(given) ? given : [given]
  return values.some((each) => typeof each === 'string' && audiences.includes(each))
}
