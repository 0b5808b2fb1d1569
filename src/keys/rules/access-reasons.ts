import {
  type AccessFacts,
  type KeyPermission,
  permissionsOn,
  subjectsOf,
  type Visibility,
  visibilityOf,
} from './access.ts'
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

/** Operation that an explanation is about. All cryptographic operations are USE. */
export type ExplainedOperation = Extract<KeyPermission, 'VIEW' | 'USE' | 'MANAGE' | 'READ_AUDIT'>

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
  readonly kind: 'OWNER' | 'LIST_ENTRY' | 'NO_ACCESS_CONTROL' | 'ROLE'
  /** The owner or the entry of the list, if it is about one. */
  readonly subject: string | null
  /** Roles that grant access, or one of which is missing. */
  readonly roles: readonly Role[]
  /** For people. */
  readonly message: string
}

/** Maximum of reasons: one for each entry of the list, for the owner, for access control that is off, and for roles. */
export const accessReasonsMax = allowedSubjectsMax + 3

/** Explanation of why somebody may or may not do something with a key. */
export interface AccessExplanation {
  /** Null if it depends on groups or roles that were not given, or on bindings that the asker may not know. */
  readonly allowed: boolean | null
  /** With the groups that were given. */
  readonly visibility: Visibility
  readonly grantedBy: readonly AccessReason[]
  readonly missing: readonly AccessReason[]
  /** Roles of which each alone is enough; none while the key itself gives no access. */
  readonly rolesThatSuffice: readonly Role[]
}

/**
 * Explains the access of a supposed caller. All verdicts come from `access.ts`, so that an explanation cannot differ from
 * what the server does. Further groups and roles never take access away. So access that needs none of the unknown ones is
 * certain, and access that fails with all of them is impossible.
 *
 * @param bound roles that count beside those of the subject's token; null if the asker may not know them
 * @throws TypeError if the subject cannot be a caller
 */
export function explainAccess(
  facts: AccessFacts,
  supposed: SupposedCaller,
  operation: ExplainedOperation,
  bound: BoundRoles | null = [],
): AccessExplanation {
  const known = bound ?? []
  const named = groupsAmong([...facts.allowedSubjects, ...known.map(({ subject }) => subject)])
  const least = withBound(callerOf(facts, supposed, { groups: [], roles: [] }), known)
  const roles = bound === null ? null : supposed.roles
  const most = withBound(callerOf(facts, { ...supposed, roles }, { groups: named, roles: allRoles }), known)
  const may = (caller: Caller) => permissionsOn(caller, facts).includes(operation)
  const rolesThatSuffice = allRoles.filter((role) => may({ ...most, roles: new Set([role]) }))
  const helping = rolesThatSuffice.filter(
    (role) => may({ ...least, roles: new Set([role]) }) && least.roles.has(role),
  )
  return {
    allowed: may(least) ? true : may(most) ? null : false,
    visibility: visibilityOf(least, facts),
    grantedBy: [...whatTheKeySays(least, facts), ...(helping.length > 0 ? [roleHelps(helping)] : [])],
    missing: [
      ...(visibilityOf(least, facts) === 'full' ? [] : missingOnKey(least, most, facts)),
      ...missingRole(supposed, least.roles, facts, operation),
    ],
    rolesThatSuffice,
  }
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

/** Reasons of the key itself for access. Each would be enough without the others. */
function whatTheKeySays(caller: Caller, facts: AccessFacts): readonly AccessReason[] {
  const isFull = (changes: Partial<AccessFacts>) => visibilityOf(caller, { ...facts, ...changes }) === 'full'
  const reasons: AccessReason[] = []
  if (isFull({ accessControlEnabled: true, allowedSubjects: [] })) {
    reasons.push(reason('OWNER', caller.subject, `${caller.subject} owns the key.`))
  }
  if (!facts.accessControlEnabled && isFull({ owner: null, allowedSubjects: [] })) {
    reasons.push(
      reason(
        'NO_ACCESS_CONTROL',
        null,
        'Access control is off: everybody in the project with a role has access.',
      ),
    )
  }
  const groups = new Set(caller.groups)
  for (const entry of facts.accessControlEnabled ? facts.allowedSubjects : []) {
    // Only the group of the entry matters. Checking all groups for each entry would take long.
    const group = parseSubject(entry)?.name ?? ''
    const member = { ...caller, groups: groups.has(group) ? [group] : [] }
    if (visibilityOf(member, { ...facts, owner: null, allowedSubjects: [entry] }) !== 'full') continue
    const how =
      canonicalSubject(entry) === caller.subject
        ? ''
        : `, and ${caller.subject} is supposed to be in this group`
    reasons.push(reason('LIST_ENTRY', entry, `${entry} is on the access list${how}.`))
  }
  return reasons
}

function missingOnKey(least: Caller, most: Caller, facts: AccessFacts): readonly AccessReason[] {
  const throughGroups = whatTheKeySays(most, facts).map(({ subject }) => subject)
  if (throughGroups.length > 0) {
    return throughGroups.map((entry) =>
      reason(
        'LIST_ENTRY',
        entry,
        `${least.subject} has access only as a member of ${entry}, which is on the list.`,
      ),
    )
  }
  const why = facts.accessControlEnabled
    ? `Access control is on, and ${least.subject} is neither the owner nor on the access list, alone or through a group.`
    : `Access control is off, and a service agent needs to be on an access list: ${least.subject} is on none.`
  return [reason('LIST_ENTRY', least.subject, why)]
}

/** Roles one of which is missing, given that the key itself gives access. */
function missingRole(
  supposed: SupposedCaller,
  certain: ReadonlySet<Role>,
  facts: AccessFacts,
  operation: ExplainedOperation,
): readonly AccessReason[] {
  // As if the subject were on the list. The owner stays, because some roles manage own keys only.
  const open: AccessFacts = { ...facts, accessControlEnabled: true, allowedSubjects: [supposed.subject] }
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

function roleHelps(helping: readonly Role[]): AccessReason {
  return { kind: 'ROLE', subject: null, roles: helping, message: `By role: ${helping.join(', ')}.` }
}

function reason(kind: AccessReason['kind'], subject: string | null, message: string): AccessReason {
  return { kind, subject, roles: [], message }
}
