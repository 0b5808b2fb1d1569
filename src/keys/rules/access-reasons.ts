import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import {
  type AccessEntry,
  type AccessFacts,
  allows,
  isOperation,
  listedPermissions,
  permissionsOn,
  subjectsOf,
  type Visibility,
  visibilityOf,
} from './access.ts'
import { hasOperation } from './access-list.ts'
import {
  roles as allRoles,
  type Caller,
  callerKinds,
  canonicalSubject,
  formatSubject,
  parseSubject,
  type Role,
} from './caller.ts'
import { allowedSubjectsMax } from './input.ts'

/** Operations that an explanation can be about: permissions on a key. */
export const explainedOperations = [...listedPermissions, 'READ_AUDIT'] as const

/** One of {@link explainedOperations}. */
export type ExplainedOperation = (typeof explainedOperations)[number]

/** Subject that a manager of a key asks about. */
export interface SupposedCaller {
  readonly subject: string
  /** Names of groups; null if the asker does not know them. */
  readonly groups: readonly string[] | null
  /** Roles in the token of the subject; null if the asker does not know them. */
  readonly roles: readonly Role[] | null
}

/** Roles that are bound to subjects of a project. */
export type BoundRoles = readonly { readonly subject: string; readonly role: Role }[]

/** Reason for access, or a missing one. */
export interface AccessReason {
  readonly kind:
    | 'OWNER'
    | 'LIST_ENTRY'
    | 'NO_ACCESS_CONTROL'
    | 'ROLE'
    | 'ROLE_BINDING'
    | 'PERMISSION'
    | 'CONTEXT'
    | 'EXPIRED'
    | 'USAGE'
  /** The owner or the entry of the list, if it is about one. */
  readonly subject: string | null
  /** Roles that grant access, or one of which is missing. */
  readonly roles: readonly Role[]
  /** For people. */
  readonly message: string
}

/**
 * Maximum of reasons: one for each entry of the list, for the owner, for access control that is off, for roles of the
 * token, bound roles, and the usage of the key.
 */
export const accessReasonsMax = allowedSubjectsMax + 5

/** Explanation of why somebody may or may not do something with a key. */
export interface AccessExplanation {
  /** Null if it depends on groups, roles or a context that were not given, or on bindings that the asker may not know. */
  readonly allowed: boolean | null
  /** With the groups that were given. */
  readonly visibility: Visibility
  readonly grantedBy: readonly AccessReason[]
  readonly missing: readonly AccessReason[]
  /** Roles of which each alone is enough; none while the key itself gives no access. */
  readonly rolesThatSuffice: readonly Role[]
}

/** What is asked about a key, and what is known of it. */
export interface AccessQuestion {
  readonly facts: AccessFacts
  /** Entries of the list that have expired. */
  readonly expired: readonly AccessEntry[]
  /** Usage of the key; null if the asker may not know it. */
  readonly usage: string | null
  readonly operation: ExplainedOperation
  /** Supposed encryption context of the operation, empty for none; null if it is not known. */
  readonly context: EncryptionContext | null
  /** Roles that count beside those of the subject's token; null if the asker may not know them. */
  readonly bound: BoundRoles | null
}

/**
 * Explains the access of a supposed caller. All verdicts come from `access.ts`, so that an explanation cannot differ from
 * what the server does. Further groups and roles never take access away. So access that needs none of the unknown ones is
 * certain, and access that fails with all of them is impossible.
 *
 * @throws TypeError if the subject cannot be a caller
 */
export function explainAccess(question: AccessQuestion, supposed: SupposedCaller): AccessExplanation {
  const { facts, operation, bound, usage } = question
  const known = bound ?? []
  const listed = [...facts.allowedSubjects, ...facts.accessEntries.map(({ subject }) => subject)]
  const named = groupsAmong([facts.owner ?? '', ...listed, ...known.map(({ subject }) => subject)])
  const ofToken = callerOf(facts, supposed, { groups: [], roles: [] })
  const least = withBound(ofToken, known)
  const roles = bound === null ? null : supposed.roles
  const most = withBound(callerOf(facts, { ...supposed, roles }, { groups: named, roles: allRoles }), known)
  const mayCertainly = (caller: Caller) => isAllowed(question, caller, facts)
  const mayPerhaps = (caller: Caller) => isPossible(question, caller, facts)
  const fits = usage === null || !isOperation(operation) || hasOperation({ usage }, operation)
  const rolesThatSuffice = allRoles.filter((role) => fits && mayPerhaps({ ...most, roles: new Set([role]) }))
  const helping = rolesThatSuffice.filter((role) => mayCertainly({ ...least, roles: new Set([role]) }))
  const allowed = fits && mayCertainly(least)
  return {
    allowed: allowed || (fits && mayPerhaps(most) ? null : false),
    visibility: visibilityOf(least, facts),
    grantedBy: [
      ...whatTheKeySays(question, least),
      ...rolesThatHelp(helping, ofToken.roles, least.roles.difference(ofToken.roles)),
    ],
    missing: allowed
      ? []
      : [
          ...(fits
            ? []
            : [reason('USAGE', null, `Keys with usage ${usage} have no operation ${operation}.`)]),
          ...missingOnKey(question, least, most),
          ...missingRole(question, supposed, least.roles),
        ],
    rolesThatSuffice,
  }
}

/** Whether a caller may do it, without what is not known. */
function isAllowed({ operation, context }: AccessQuestion, caller: Caller, facts: AccessFacts): boolean {
  return allows(caller, facts, operation, context)
}

/** Whether a caller may do it with some encryption context, if it is not known. */
function isPossible({ operation, context }: AccessQuestion, caller: Caller, facts: AccessFacts): boolean {
  return context === null
    ? permissionsOn(caller, facts).includes(operation)
    : allows(caller, facts, operation, context)
}

function callerOf(
  facts: AccessFacts,
  { subject, groups, roles }: SupposedCaller,
  unknown: { groups: readonly string[]; roles: readonly Role[] },
): Caller {
  const parts = parseSubject(subject)
  const kind = callerKinds.find((each) => each === parts?.kind)
  if (parts === null || kind === undefined) throw new TypeError('only a subject that can ask has access')
  return {
    subject: formatSubject(kind, parts.name),
    kind,
    name: parts.name,
    groups: groups ?? unknown.groups,
    projectId: facts.projectId,
    roles: new Set(roles ?? unknown.roles),
    tokenId: null,
    tokenExpiresAt: new Date(0),
  }
}

function withBound(caller: Caller, bound: BoundRoles): Caller {
  const own = subjectsOf(caller)
  const roles = bound.flatMap(({ subject, role }) => (own.has(subject) ? [role] : []))
  return { ...caller, roles: caller.roles.union(new Set(roles)) }
}

function groupsAmong(subjects: readonly string[]): readonly string[] {
  return subjects.map(parseSubject).flatMap((each) => (each?.kind === 'GROUP' ? [each.name] : []))
}

/** Reasons of the key itself for access. Each would be enough without the others, given the roles. */
function whatTheKeySays(question: AccessQuestion, caller: Caller): readonly AccessReason[] {
  const { facts } = question
  const gives = (changes: Partial<AccessFacts>, member = caller) =>
    isAllowed(question, { ...member, roles: new Set(allRoles) }, { ...facts, ...changes })
  const noEntries = { allowedSubjects: [], accessEntries: [] }
  const reasons: AccessReason[] = []
  if (facts.owner !== null && gives({ accessControlEnabled: true, ...noEntries })) {
    const owner = canonicalSubject(facts.owner)
    reasons.push(reason('OWNER', owner, `${owner} owns the key${asMember(caller, owner)}.`))
  }
  if (!facts.accessControlEnabled && gives({ owner: null, ...noEntries })) {
    reasons.push(
      reason(
        'NO_ACCESS_CONTROL',
        null,
        'Access control is off: everybody in the project with a role has access.',
      ),
    )
  }
  if (!facts.accessControlEnabled) return reasons
  const groups = new Set(caller.groups)
  const memberOf = (subject: string) => {
    // Only the group of the entry matters. Checking all groups for each entry would take long.
    const group = parseSubject(subject)?.name ?? ''
    return { ...caller, groups: groups.has(group) ? [group] : [] }
  }
  const alone = [
    ...facts.allowedSubjects.map((subject) => ({ subject, ...noEntries, allowedSubjects: [subject] })),
    ...facts.accessEntries.map((entry) => ({
      subject: entry.subject,
      ...noEntries,
      accessEntries: [entry],
    })),
  ]
  for (const { subject, ...list } of alone) {
    if (!gives({ owner: null, ...list }, memberOf(subject))) continue
    reasons.push(
      reason('LIST_ENTRY', subject, `${subject} is on the access list${asMember(caller, subject)}.`),
    )
  }
  return reasons
}

function asMember(caller: Caller, subject: string): string {
  return canonicalSubject(subject) === caller.subject
    ? ''
    : `, and ${caller.subject} counts as a member of this group`
}

/** What the key itself lacks to allow it. */
function missingOnKey(question: AccessQuestion, least: Caller, most: Caller): readonly AccessReason[] {
  if (whatTheKeySays(question, least).length > 0) return []
  const { facts, expired } = question
  const isEnough = (entry: AccessEntry) => isAllowedBy(question, most, entry)
  const throughGroups = whatTheKeySays(question, most).map(({ kind, subject }) =>
    reason(
      kind,
      subject,
      `${least.subject} has access only as a member of ${subject}, which ${kind === 'OWNER' ? 'owns the key' : 'is on the list'}.`,
    ),
  )
  // All groups that the key names count, if those of the subject are not known.
  const own = subjectsOf(most)
  const insufficient = facts.accessControlEnabled
    ? facts.accessEntries
        .filter((entry) => own.has(entry.subject) && !isEnough(entry))
        .map((entry) => shortfall(question, entry))
    : []
  const ended = expired
    .filter(({ subject }) => own.has(subject))
    .map(({ subject, expiresAt }) =>
      reason('EXPIRED', subject, `The entry of ${subject} expired at ${expiresAt?.toISOString()}.`),
    )
  const known = [...throughGroups, ...insufficient, ...ended]
  if (known.length > 0) return known
  const why = facts.accessControlEnabled
    ? `Access control is on, and ${least.subject} is neither the owner nor on the access list, alone or through a group.`
    : `Access control is off, and a service agent needs to be on an access list: ${least.subject} is on none.`
  return [reason('LIST_ENTRY', least.subject, why)]
}

/** Whether an entry allows it to somebody that it names, given the roles. */
function isAllowedBy(question: AccessQuestion, caller: Caller, entry: AccessEntry): boolean {
  const list = { owner: null, accessControlEnabled: true, allowedSubjects: [], accessEntries: [entry] }
  return isAllowed(question, { ...caller, roles: new Set(allRoles) }, { ...question.facts, ...list })
}

/** Why an entry does not allow it: the operation is not among its permissions, or its condition does not hold. */
function shortfall(
  { operation, context }: AccessQuestion,
  { subject, permissions, context: required }: AccessEntry,
): AccessReason {
  if (permissions !== null && !permissions.some((each) => each === operation)) {
    return reason(
      'PERMISSION',
      subject,
      `The entry of ${subject} does not allow ${operation}, only ${permissions.join(', ')}.`,
    )
  }
  const pairs = (required ?? []).map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(', ')
  return reason(
    'CONTEXT',
    subject,
    context === null
      ? `The entry of ${subject} allows it only with the encryption context ${pairs}.`
      : `The encryption context lacks what the entry of ${subject} asks for: ${pairs}.`,
  )
}

/** Roles one of which is missing, given that the key itself gives access. */
function missingRole(
  { facts, operation }: AccessQuestion,
  supposed: SupposedCaller,
  certain: ReadonlySet<Role>,
): readonly AccessReason[] {
  // As if the subject were on the list. The owner stays, because some roles manage own keys only.
  const open: AccessFacts = {
    ...facts,
    accessControlEnabled: true,
    allowedSubjects: [supposed.subject],
    accessEntries: [],
  }
  const may = (given: readonly Role[]) =>
    permissionsOn(callerOf(open, { ...supposed, roles: given }, { groups: [], roles: [] }), open).includes(
      operation,
    )
  if (may([...certain])) return []
  const needed = allRoles.filter((role) => may([role]))
  const list = needed.join(', ')
  const message =
    supposed.roles === null
      ? `${supposed.subject} needs one of the roles ${list}, in its token or by a role binding.`
      : `None of the roles that were given or bound allows ${operation} on this key; one of ${list} would.`
  return [{ kind: 'ROLE', subject: null, roles: needed, message }]
}

/** Roles that are enough: those of the token, and those that are bound to the subject or its groups. */
function rolesThatHelp(
  helping: readonly Role[],
  ofToken: ReadonlySet<Role>,
  bound: ReadonlySet<Role>,
): readonly AccessReason[] {
  return (
    [
      ['ROLE', 'By role of the token', ofToken],
      ['ROLE_BINDING', 'By role binding', bound],
    ] as const
  ).flatMap(([kind, how, given]) => {
    const among = helping.filter((role) => given.has(role))
    return among.length === 0
      ? []
      : [{ kind, subject: null, roles: among, message: `${how}: ${among.join(', ')}.` }]
  })
}

function reason(kind: AccessReason['kind'], subject: string | null, message: string): AccessReason {
  return { kind, subject, roles: [], message }
}
