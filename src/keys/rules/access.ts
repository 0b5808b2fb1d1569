import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import type { StoredAccessEntry, StoredAccessList, ViewerCondition } from '../../store/subjects.ts'
import { type Caller, canonicalSubject, formatSubject, type Role, roles } from './caller.ts'
import { holdsContext } from './encryption-context.ts'
import { inForce } from './input.ts'

/** Permissions for cryptographic operations. A data key needs ENCRYPT; a re-encryption DECRYPT and ENCRYPT. */
export const operationPermissions = [
  'ENCRYPT',
  'DECRYPT',
  'SIGN',
  'VERIFY',
  'GENERATE_MAC',
  'VERIFY_MAC',
  'ENCAPSULATE',
  'DECAPSULATE',
  'DERIVE',
] as const

/** One of {@link operationPermissions}. */
export type OperationPermission = (typeof operationPermissions)[number]

/** Checks whether a permission is for a cryptographic operation. */
export function isOperation(permission: string): permission is OperationPermission {
  return operationPermissions.some((each) => each === permission)
}

/**
 * Permissions of a caller. Roles give `MANAGE_OWN` for keys that the caller owns; on a given key it becomes `MANAGE` or
 * nothing.
 */
const keyPermissions = [
  'VIEW',
  ...operationPermissions,
  'CREATE',
  'MANAGE',
  'MANAGE_OWN',
  'READ_AUDIT',
  'MANAGE_ROLES',
] as const

/** One of {@link keyPermissions}. */
export type KeyPermission = (typeof keyPermissions)[number]

/** Permissions that an entry of an access list can name. */
export const listedPermissions = ['VIEW', ...operationPermissions, 'MANAGE'] as const

/** One of {@link listedPermissions}. */
export type ListedPermission = (typeof listedPermissions)[number]

/** An entry of an access list. It narrows what the roles of its subject give, and never adds to it. */
export interface AccessEntry {
  /** Subject string. */
  readonly subject: string
  /** Null for all that the roles give. */
  readonly permissions: readonly ListedPermission[] | null
  /** Pairs that the encryption context of an operation must have; null for no condition. */
  readonly context: EncryptionContext | null
  /** Null for an entry that does not expire. */
  readonly expiresAt: Date | null
  /** For people; may be empty. */
  readonly note: string
}

/** Facts of a key that decide access to it at a moment. */
export interface AccessFacts {
  readonly kind: 'USER' | 'SERVICE'
  readonly projectId: string
  /** Subject string; null for service keys. */
  readonly owner: string | null
  readonly accessControlEnabled: boolean
  /** Subject strings of the entries that say nothing more. */
  readonly allowedSubjects: readonly string[]
  /** The other entries, without those that have expired. */
  readonly accessEntries: readonly AccessEntry[]
}

/** Access facts as of a moment, by row: rows are not changed, and are asked about again and again. */
const knownFacts = new WeakMap<object, { facts: AccessFacts; sinceMs: number; untilMs: number }>()

/** A stored key with what decides access to it, apart from the moment. */
type StoredFacts = Pick<AccessFacts, 'kind' | 'projectId' | 'owner' | 'accessControlEnabled'> &
  StoredAccessList

/** Facts of a stored key that decide access to it at a moment. */
export function accessFactsOf(row: StoredFacts, now: Date): AccessFacts {
  const nowMs = now.getTime()
  const known = knownFacts.get(row)
  // Also after a clock was set back.
  if (known !== undefined && nowMs >= known.sinceMs && nowMs < known.untilMs) return known.facts
  const { kind, projectId, owner, accessControlEnabled, allowedSubjects } = row
  const entries = row.accessEntries.map(readEntry)
  const accessEntries = inForce(entries, now)
  const facts = { kind, projectId, owner, accessControlEnabled, allowedSubjects, accessEntries }
  const ends = accessEntries.map(({ expiresAt }) => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY)
  const sinceMs = entries.length === 0 ? Number.NEGATIVE_INFINITY : nowMs
  knownFacts.set(row, { facts, sinceMs, untilMs: Math.min(...ends) })
  return facts
}

/** Facts of a deleted key that decide access to its history: those of its last access list. */
export function factsOfDeleted(row: Omit<StoredFacts, 'kind'>, now: Date): AccessFacts {
  return accessFactsOf({ ...row, kind: 'USER' }, now)
}

/** An entry as it is stored, in the form of the rules. */
export function readEntry({
  subject,
  permissions,
  context,
  expiresAt,
  note,
}: StoredAccessEntry): AccessEntry {
  return {
    subject,
    // Those of a later release are left out: an entry only narrows.
    permissions: permissions?.filter(isListedPermission) ?? null,
    context,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    note,
  }
}

function isListedPermission(text: string): text is ListedPermission {
  return listedPermissions.some((each) => each === text)
}

/** Visibility of a key for a caller, regardless of roles: not at all, only its always-visible fields, or all fields. */
export type Visibility = 'absent' | 'redacted' | 'full'

/** Permissions that each role gives. The table of docs/access.md is made from it. */
export const permissionsByRole: Readonly<Record<Role, readonly KeyPermission[]>> = {
  PROJECT_ADMIN: ['VIEW', ...operationPermissions, 'CREATE', 'MANAGE', 'READ_AUDIT', 'MANAGE_ROLES'],
  PROJECT_MEMBER: ['VIEW', ...operationPermissions, 'CREATE', 'MANAGE_OWN'],
  PROJECT_READER: ['VIEW'],
  KMS_MANAGER: ['VIEW', ...operationPermissions, 'CREATE', 'MANAGE', 'READ_AUDIT'],
  KMS_USER: ['VIEW', ...operationPermissions],
  KMS_VIEWER: ['VIEW'],
  KMS_ENCRYPTER: ['VIEW', 'ENCRYPT', 'ENCAPSULATE'],
  KMS_DECRYPTER: ['VIEW', 'DECRYPT', 'DECAPSULATE', 'DERIVE'],
  KMS_SIGNER: ['VIEW', 'SIGN', 'GENERATE_MAC'],
  KMS_VERIFIER: ['VIEW', 'VERIFY', 'VERIFY_MAC'],
  KMS_AUDITOR: ['VIEW', 'READ_AUDIT'],
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
  const onOtherKey = only('VIEW', ...operationPermissions, 'MANAGE', 'READ_AUDIT')
  const ofOwner: readonly KeyPermission[] = [
    ...onOtherKey,
    ...(byRoles.includes('MANAGE_OWN') ? (['MANAGE'] as const) : []),
    // Whatever the role: an owner sees what happened to its key.
    ...(byRoles.includes('VIEW') ? (['READ_AUDIT'] as const) : []),
  ]
  return {
    byRoles,
    onServiceKey: only('VIEW', 'READ_AUDIT'),
    onOwnKey: keyPermissions.filter((permission) => ofOwner.includes(permission)),
    onOtherKey,
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
  if (facts.kind === 'SERVICE' || isOwner(caller, facts)) return 'full'
  if (facts.accessControlEnabled && isListed(caller, facts)) return 'full'
  // Service agents need an entry on the list. Without one, the key does not exist for them.
  if (caller.kind === 'SERVICE_AGENT') return 'absent'
  return facts.accessControlEnabled ? 'redacted' : 'full'
}

/** Condition for rows of keys that the caller sees in full. {@link visibilityOf} is checked for each row again. */
export function viewerOf(caller: Caller, now: Date): ViewerCondition {
  const sees = caller.kind === 'SERVICE_AGENT' ? 'LISTED' : 'ALL_UNCONTROLLED_AND_LISTED'
  return { subjects: [...subjectsOf(caller)], sees, now }
}

/** Condition for rows of keys whose trail the caller reads: those that it sees, or owns without a role for the trail. */
export function auditReaderOf(caller: Caller, now: Date): ViewerCondition {
  const viewer = viewerOf(caller, now)
  return permissionsOfRoles(caller).includes('READ_AUDIT') ? viewer : { ...viewer, sees: 'NONE' }
}

/** Checks whether the caller, or one of its groups, owns the key. */
export function isOwner(caller: Caller, { owner, projectId }: AccessFacts): boolean {
  if (owner === null || projectId !== caller.projectId) return false
  return subjectsOf(caller).has(canonicalSubject(owner))
}

function isListed(caller: Caller, { allowedSubjects, accessEntries }: AccessFacts): boolean {
  const own = subjectsOf(caller)
  return isPlainlyListed(own, allowedSubjects) || accessEntries.some(({ subject }) => own.has(subject))
}

function isPlainlyListed(own: ReadonlySet<string>, allowedSubjects: readonly string[]): boolean {
  return allowedSubjects.some((subject) => own.has(canonicalSubject(subject)))
}

/**
 * Permissions of the caller on this key; none unless it sees the whole key. Operations are among them that an entry allows
 * for some encryption contexts alone. Whether one of them is allowed, {@link allows} decides.
 */
export function permissionsOn(caller: Caller, facts: AccessFacts): readonly KeyPermission[] {
  const { granted, entries } = limitsOn(caller, facts)
  if (entries === null) return granted
  return granted.filter((permission) => entries.some((entry) => entryLeaves(entry, permission, null)))
}

/**
 * Decides whether the caller may do something with this key.
 *
 * @param context the encryption context of the operation; null for none
 */
export function allows(
  caller: Caller,
  facts: AccessFacts,
  permission: KeyPermission,
  context: EncryptionContext | null,
): boolean {
  const { granted, entries } = limitsOn(caller, facts)
  if (!granted.includes(permission)) return false
  return entries === null || entries.some((entry) => entryLeaves(entry, permission, { context }))
}

/** What the roles grant on a key, and the entries that limit it; null for no limit. */
interface Limits {
  readonly granted: readonly KeyPermission[]
  readonly entries: readonly AccessEntry[] | null
}

function limitsOn(caller: Caller, facts: AccessFacts): Limits {
  if (visibilityOf(caller, facts) !== 'full') return { granted: [], entries: null }
  const { onServiceKey, onOwnKey, onOtherKey } = grantsOf(caller)
  if (facts.kind === 'SERVICE') return { granted: onServiceKey, entries: null }
  if (isOwner(caller, facts)) return { granted: onOwnKey, entries: null }
  const own = subjectsOf(caller)
  const isLimited =
    facts.accessControlEnabled &&
    facts.accessEntries.length > 0 &&
    !isPlainlyListed(own, facts.allowedSubjects)
  return {
    granted: onOtherKey,
    entries: isLimited ? facts.accessEntries.filter(({ subject }) => own.has(subject)) : null,
  }
}

/**
 * Whether an entry leaves its subject a permission. Whoever has an entry sees the key and, by its roles, its trail.
 *
 * @param operation null for one with any encryption context
 */
function entryLeaves(
  entry: AccessEntry,
  permission: KeyPermission,
  operation: { readonly context: EncryptionContext | null } | null,
): boolean {
  if (permission === 'VIEW' || permission === 'READ_AUDIT') return true
  if (entry.permissions !== null && !entry.permissions.some((each) => each === permission)) return false
  // Conditions are on operations alone.
  if (permission === 'MANAGE' || entry.context === null || operation === null) return true
  return holdsContext(operation.context, entry.context)
}

/** Checks whether the caller may give this key to another owner: as its owner, or as one of its managers. */
export function canTransfer(caller: Caller, facts: AccessFacts): boolean {
  const permissions = permissionsOn(caller, facts)
  return permissions.includes('MANAGE') || (permissions.includes('VIEW') && isOwner(caller, facts))
}

/** Checks whether the caller may read the audit trail of this key. */
export function canReadAudit(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('READ_AUDIT')
}

/** Checks whether the caller may see all fields of this key. */
export function canView(caller: Caller, facts: AccessFacts): boolean {
  return permissionsOn(caller, facts).includes('VIEW')
}
