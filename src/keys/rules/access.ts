import type { ViewerCondition } from '../../store/rows/viewer-condition.ts'
import { type Caller, canonicalSubject, formatSubject, type Role, roles } from './caller.ts'

/**
 * What a caller may do. `MANAGE_OWN` is what a role gives for the keys that the caller owns; on a given key it has
 * become `MANAGE` or nothing.
 */
export const keyPermissions = ['VIEW', 'USE', 'CREATE', 'MANAGE', 'MANAGE_OWN', 'READ_AUDIT'] as const

/** One of {@link keyPermissions}. */
export type KeyPermission = (typeof keyPermissions)[number]

/** What of a key decides over access to it. */
export interface AccessFacts {
  readonly kind: 'USER' | 'SERVICE'
  readonly projectId: string
  /** Subject string; null for service keys. */
  readonly owner: string | null
  readonly accessControlEnabled: boolean
  /** Subject strings. */
  readonly allowedSubjects: readonly string[]
}

/**
 * How a key appears to a caller whatever its roles: not at all, with only its always-visible fields, or whole.
 */
export type Visibility = 'absent' | 'redacted' | 'full'

const permissionsByRole: Readonly<Record<Role, readonly KeyPermission[]>> = {
  PROJECT_ADMIN: ['VIEW', 'USE', 'CREATE', 'MANAGE', 'READ_AUDIT'],
  PROJECT_MEMBER: ['VIEW', 'USE', 'CREATE', 'MANAGE_OWN'],
  PROJECT_READER: ['VIEW'],
  KMS_MANAGER: ['VIEW', 'USE', 'CREATE', 'MANAGE', 'READ_AUDIT'],
  KMS_USER: ['VIEW', 'USE'],
  KMS_VIEWER: ['VIEW'],
}

/** What the caller's roles allow, before any key is looked at: the union over its roles. */
export function permissionsOfRoles(caller: Caller): readonly KeyPermission[] {
  return grantsOf(caller).byRoles
}

/** What a set of roles gives. This stands before every operation and every field of a list, and there are few sets. */
interface Grants {
  readonly byRoles: readonly KeyPermission[]
  readonly onServiceKey: readonly KeyPermission[]
  readonly onOwnKey: readonly KeyPermission[]
  readonly onOtherKey: readonly KeyPermission[]
}

/** By the roles of a set, each a bit. */
const grantsBySet: Grants[] = []

function grantsOf({ roles: given }: Caller): Grants {
  let set = 0
  for (const role of given) set |= 1 << roles.indexOf(role)
  const known = grantsBySet[set] ?? grantsOfRoles(given)
  grantsBySet[set] = known
  return known
}

function grantsOfRoles(given: ReadonlySet<Role>): Grants {
  const byRoles = keyPermissions.filter((permission) =>
    [...given].some((role) => permissionsByRole[role].includes(permission)),
  )
  const only = (...permissions: KeyPermission[]) => byRoles.filter((each) => permissions.includes(each))
  const onKey = (manages: boolean): KeyPermission[] => [
    ...only('VIEW', 'USE'),
    ...(manages ? (['MANAGE'] as const) : []),
    ...only('READ_AUDIT'),
  ]
  return {
    byRoles,
    onServiceKey: only('VIEW', 'READ_AUDIT'),
    onOwnKey: onKey(byRoles.includes('MANAGE') || byRoles.includes('MANAGE_OWN')),
    onOtherKey: onKey(byRoles.includes('MANAGE')),
  }
}

/** By the caller, who is remembered with its token; it and the lists of keys can have a thousand. */
const subjectsByCaller = new WeakMap<Caller, ReadonlySet<string>>()

/** The subject strings that speak for a caller: its own and those of its groups. */
export function subjectsOf(caller: Caller): ReadonlySet<string> {
  const known = subjectsByCaller.get(caller)
  if (known !== undefined) return known
  const own = new Set([caller.subject, ...caller.groups.map((group) => formatSubject('GROUP', group))])
  subjectsByCaller.set(caller, own)
  return own
}

/** How the key appears to the caller, by project, ownership and access list. */
export function visibilityOf(caller: Caller, facts: AccessFacts): Visibility {
  if (facts.projectId !== caller.projectId) return 'absent'
  if (facts.kind === 'SERVICE') return 'full'
  const named =
    isOwner(caller, facts) || (facts.accessControlEnabled && isListed(caller, facts.allowedSubjects))
  if (named) return 'full'
  // To a service agent a key on whose list it is not does not exist: services come with a list or not at all.
  if (caller.kind === 'SERVICE_AGENT') return 'absent'
  return facts.accessControlEnabled ? 'redacted' : 'full'
}

/** The keys that a caller sees whole, as a condition on rows; see {@link visibilityOf}, which is asked of each row again. */
export function viewerOf(caller: Caller): ViewerCondition {
  const { subject, kind } = caller
  return { subject, subjects: [...subjectsOf(caller)], seesUncontrolled: kind !== 'SERVICE_AGENT' }
}

function isListed(caller: Caller, allowedSubjects: readonly string[]): boolean {
  const own = subjectsOf(caller)
  return allowedSubjects.some((subject) => own.has(canonicalSubject(subject)))
}

function isOwner(caller: Caller, { owner }: AccessFacts): boolean {
  return owner !== null && canonicalSubject(owner) === caller.subject
}

/** What the caller may do with this key: nothing unless it sees the key whole. */
export function permissionsOn(caller: Caller, facts: AccessFacts): readonly KeyPermission[] {
  if (visibilityOf(caller, facts) !== 'full') return []
  const { onServiceKey, onOwnKey, onOtherKey } = grantsOf(caller)
  if (facts.kind === 'SERVICE') return onServiceKey
  return isOwner(caller, facts) ? onOwnKey : onOtherKey
}

/** Whether the caller may read what happened with this key. */
export function canReadAudit(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('READ_AUDIT')
}

/** Whether the caller may see the hidden fields of this key. */
export function canView(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('VIEW')
}
