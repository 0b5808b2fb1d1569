import type { ViewerCondition } from '../../store/subjects.ts'
import { type Caller, canonicalSubject, formatSubject, type Role, roles } from './caller.ts'

/**
 * Permissions of a caller. Roles give `MANAGE_OWN` for keys that the caller owns; on a given key it becomes `MANAGE` or
 * nothing.
 */
const keyPermissions = [
  'VIEW',
  'USE',
  'CREATE',
  'MANAGE',
  'MANAGE_OWN',
  'READ_AUDIT',
  'MANAGE_ROLES',
] as const

/** One of {@link keyPermissions}. */
export type KeyPermission = (typeof keyPermissions)[number]

/** Facts of a key that decide access to it. */
export interface AccessFacts {
  readonly kind: 'USER' | 'SERVICE'
  readonly projectId: string
  /** Subject string; null for service keys. */
  readonly owner: string | null
  readonly accessControlEnabled: boolean
  /** Subject strings. */
  readonly allowedSubjects: readonly string[]
}

/** Visibility of a key for a caller, regardless of roles: not at all, only its always-visible fields, or all fields. */
export type Visibility = 'absent' | 'redacted' | 'full'

const permissionsByRole: Readonly<Record<Role, readonly KeyPermission[]>> = {
  PROJECT_ADMIN: ['VIEW', 'USE', 'CREATE', 'MANAGE', 'READ_AUDIT', 'MANAGE_ROLES'],
  PROJECT_MEMBER: ['VIEW', 'USE', 'CREATE', 'MANAGE_OWN'],
  PROJECT_READER: ['VIEW'],
  KMS_MANAGER: ['VIEW', 'USE', 'CREATE', 'MANAGE', 'READ_AUDIT'],
  KMS_USER: ['VIEW', 'USE'],
  KMS_VIEWER: ['VIEW'],
}

/** Permissions that the caller's roles give, before any key is considered: the union over its roles. */
export function permissionsOfRoles(caller: Caller): readonly KeyPermission[] {
  return grantsOf(caller).byRoles
}

/** Permissions of a set of roles. Remembered, because each operation and each item of a list asks for them. */
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

/** Remembered for each caller object, which lives as long as its token. A caller can have a thousand groups. */
const subjectsByCaller = new WeakMap<Caller, ReadonlySet<string>>()

/** Subject strings of a caller: its own and those of its groups. */
export function subjectsOf(caller: Caller): ReadonlySet<string> {
  const known = subjectsByCaller.get(caller)
  if (known !== undefined) return known
  const own = new Set([caller.subject, ...caller.groups.map((group) => formatSubject('GROUP', group))])
  subjectsByCaller.set(caller, own)
  return own
}

/** Visibility of the key for the caller, by project, owner and access list. */
export function visibilityOf(caller: Caller, facts: AccessFacts): Visibility {
  if (facts.projectId !== caller.projectId) return 'absent'
  if (facts.kind === 'SERVICE') return 'full'
  const named =
    isOwner(caller, facts) || (facts.accessControlEnabled && isListed(caller, facts.allowedSubjects))
  if (named) return 'full'
  // Service agents need an entry on the list. Without one, the key does not exist for them.
  if (caller.kind === 'SERVICE_AGENT') return 'absent'
  return facts.accessControlEnabled ? 'redacted' : 'full'
}

/** Condition for rows of keys that the caller sees in full. {@link visibilityOf} is checked for each row again. */
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

/** Permissions of the caller on this key. None unless it sees the whole key. */
export function permissionsOn(caller: Caller, facts: AccessFacts): readonly KeyPermission[] {
  if (visibilityOf(caller, facts) !== 'full') return []
  const { onServiceKey, onOwnKey, onOtherKey } = grantsOf(caller)
  if (facts.kind === 'SERVICE') return onServiceKey
  return isOwner(caller, facts) ? onOwnKey : onOtherKey
}

/** Checks whether the caller may read the audit trail of this key. */
export function canReadAudit(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('READ_AUDIT')
}

/** Checks whether the caller may see all fields of this key. */
export function canView(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('VIEW')
}
