import { type Caller, formatSubject, type Role } from './caller.ts'

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
  return keyPermissions.filter((permission) =>
    [...caller.roles].some((role) => permissionsByRole[role].includes(permission)),
  )
}

/** The subject strings that speak for a caller: its own and those of its groups. */
export function subjectsOf(caller: Caller): readonly string[] {
  return [caller.subject, ...caller.groups.map((group) => formatSubject('GROUP', group))]
}

/** How the key appears to the caller, by project, ownership and access list. */
export function visibilityOf(caller: Caller, facts: AccessFacts): Visibility {
  if (facts.projectId !== caller.projectId) return 'absent'
  if (facts.kind === 'SERVICE') return 'full'
  const named =
    facts.owner === caller.subject ||
    (facts.accessControlEnabled && isListed(subjectsOf(caller), facts.allowedSubjects))
  if (named) return 'full'
  // To a service agent a key on whose list it is not does not exist: services come with a list or not at all.
  if (caller.kind === 'SERVICE_AGENT') return 'absent'
  return facts.accessControlEnabled ? 'redacted' : 'full'
}

/** Both can be a thousand, and this stands before every operation. */
function isListed(subjects: readonly string[], allowedSubjects: readonly string[]): boolean {
  const own = new Set(subjects)
  return allowedSubjects.some((subject) => own.has(subject))
}

/** What the caller may do with this key: nothing unless it sees the key whole. */
export function permissionsOn(caller: Caller, facts: AccessFacts): readonly KeyPermission[] {
  if (visibilityOf(caller, facts) !== 'full') return []
  const given = permissionsOfRoles(caller)
  const reads = (permission: KeyPermission) => permission === 'VIEW' || permission === 'READ_AUDIT'
  if (facts.kind === 'SERVICE') return given.filter(reads)
  const manages = given.includes('MANAGE') || (given.includes('MANAGE_OWN') && facts.owner === caller.subject)
  return [
    ...given.filter((permission) => permission === 'VIEW' || permission === 'USE'),
    ...(manages ? (['MANAGE'] as const) : []),
    ...given.filter((permission) => permission === 'READ_AUDIT'),
  ]
}

/** Whether the caller may read what happened with this key. */
export function canReadAudit(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('READ_AUDIT')
}

/** Whether the caller may see the hidden fields of this key. */
export function canView(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('VIEW')
}
