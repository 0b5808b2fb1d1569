import type { Role } from '../../src/keys/rules/caller.ts'
import type { Person } from '../support/story.ts'

/** A line of the table of roles. */
export type Ability = 'view' | 'use' | 'create' | 'manage' | 'manageOwn' | 'readAudit' | 'manageRoles'

/** Who has what by its role; whoever has several roles has what each of them gives. */
export const abilitiesByRole: Readonly<Record<Role, readonly Ability[]>> = {
  PROJECT_ADMIN: ['view', 'use', 'create', 'manage', 'readAudit', 'manageRoles'],
  PROJECT_MEMBER: ['view', 'use', 'create', 'manageOwn'],
  PROJECT_READER: ['view'],
  KMS_MANAGER: ['view', 'use', 'create', 'manage', 'readAudit'],
  KMS_USER: ['view', 'use'],
  KMS_VIEWER: ['view'],
}

/** How a caller stands to the keys of user:olga: one with, one without access control. */
export interface Standing {
  readonly name: string
  readonly person: Person
  readonly closed: 'whole' | 'redacted' | 'absent'
  readonly open: 'whole' | 'absent'
  readonly owns: boolean
}

/** Whom the access list of the closed key names. */
export const accessList = [
  'user:bob',
  'group:payments',
  'service-account:ci',
  'service-agent:Secrets Manager',
]

const named = { closed: 'whole', open: 'whole', owns: false } as const
const unnamed = { closed: 'redacted', open: 'whole', owns: false } as const
const nowhere = { closed: 'absent', open: 'absent', owns: false } as const

/** Every way to stand to a key. */
export const standings: readonly Standing[] = [
  { name: 'the owner', person: { name: 'olga' }, ...named, owns: true },
  { name: 'an allowed user', person: { name: 'bob' }, ...named },
  { name: 'a user in an allowed group', person: { name: 'gil', groups: ['sales', 'payments'] }, ...named },
  { name: 'an allowed service account', person: { name: 'ci', kind: 'SERVICE_ACCOUNT' }, ...named },
  {
    name: 'an allowed service agent',
    person: { name: 'Secrets Manager', kind: 'SERVICE_AGENT' },
    ...named,
    open: 'absent',
  },
  { name: 'another user', person: { name: 'ada', groups: ['bob', 'olga', 'Payments'] }, ...unnamed },
  {
    name: 'a service account named as the owner',
    person: { name: 'olga', kind: 'SERVICE_ACCOUNT' },
    ...unnamed,
  },
  { name: 'another service agent', person: { name: 'Backup', kind: 'SERVICE_AGENT' }, ...nowhere },
  { name: 'the owner in another project', person: { name: 'olga', project: 'elsewhere' }, ...nowhere },
]

/** Sets of roles: none, each one, and some unions. */
export const roleSets: readonly (readonly Role[])[] = [
  [],
  ...(Object.keys(abilitiesByRole) as Role[]).map((role) => [role]),
  ['PROJECT_READER', 'KMS_USER'],
  ['PROJECT_MEMBER', 'KMS_VIEWER'],
  ['PROJECT_MEMBER', 'KMS_MANAGER'],
]

/**
 * What decides over a field, given that the caller gets the object at all.
 * - `ALWAYS`: nothing.
 * - `WHOLE`: the key must be whole for the caller.
 * - `HISTORY`: as `WHOLE`, and the caller reads the audit trail.
 * - `DISCREET`: nothing, but it names callers to those only who read the audit trail.
 * - `OWN`: the answer is about the caller.
 */
export type FieldRule = 'ALWAYS' | 'WHOLE' | 'HISTORY' | 'DISCREET' | 'OWN'

/** The fields of everything that can be asked for by its ID or by a query, by rule. */
export const fieldRules: Readonly<Record<string, Partial<Record<FieldRule, readonly string[]>>>> = {
  UserKey: {
    ALWAYS: ['partialId', 'name', 'description', 'accessControlEnabled', 'createdAt', 'createdBy'],
    OWN: ['id', 'viewerCanAccess', 'viewerPermissions'],
    WHOLE: [
      ...['status', 'type', 'usage', 'algorithm', 'origin', 'defaultVersion', 'version', 'versions'],
      ...['automaticRotation', 'lastRotatedAt', 'nextRotationAt', 'publicKey', 'owner', 'allowedSubjects'],
      ...['updatedAt', 'revision', 'deletable'],
    ],
    HISTORY: ['auditEvents'],
  },
  // A version of a redacted key does not exist for the caller.
  KeyVersion: {
    ALWAYS: [
      ...[
        'id',
        'number',
        'status',
        'isDefault',
        'origin',
        'key',
        'createdAt',
        'activatedAt',
        'deactivatedAt',
      ],
      ...['destroyScheduledFor', 'destroyedAt', 'lastUsedAt', 'usage', 'publicKey'],
    ],
    HISTORY: ['usageByCaller'],
  },
  // Users see service keys, and are not kept from any.
  ServiceKey: {
    ALWAYS: [
      ...[
        'id',
        'partialId',
        'name',
        'service',
        'createdAt',
        'status',
        'type',
        'usage',
        'algorithm',
        'origin',
      ],
      ...['defaultVersion', 'version', 'versions', 'automaticRotation', 'lastRotatedAt', 'nextRotationAt'],
    ],
  },
  AuditEvent: {
    ALWAYS: [
      ...['id', 'occurredAt', 'action', 'outcome', 'errorCode', 'actor', 'actorDisplayName'],
      ...[
        'tokenId',
        'clientAddress',
        'requestId',
        'keyId',
        'keyName',
        'key',
        'keyRevision',
        'versionNumber',
        'details',
      ],
    ],
  },
  DestroyImpact: {
    ALWAYS: ['version', 'verdict', 'since', 'recordsSince', 'operations', 'failedOperations'],
    DISCREET: ['summary'],
    HISTORY: ['callers'],
  },
  AccessExplanation: { ALWAYS: ['allowed', 'visibility', 'grantedBy', 'missing', 'rolesThatSuffice'] },
  KeyAlgorithmInfo: {
    ALWAYS: [
      ...['algorithm', 'displayName', 'type', 'usages', 'securityBits', 'standard', 'description'],
      ...['signingAlgorithms', 'encryptionAlgorithms'],
    ],
  },
  // None exists for a caller who may not manage roles.
  RoleBinding: { ALWAYS: ['id', 'subject', 'role', 'expiresAt', 'note', 'createdBy', 'createdAt'] },
  _Service: { ALWAYS: ['sdl'] },
  Viewer: {
    OWN: [
      ...['subject', 'displayName', 'kind', 'projectId', 'roles', 'boundRoles', 'groups', 'permissions'],
      'tokenExpiresAt',
    ],
  },
}

/**
 * What a query asks of its caller. Without it the answer is FORBIDDEN, but for `NOTHING`, which every token has.
 * `ANY_ROLE` is any role that is known here. Managing is by role, or by owning the key.
 */
export const queryRules: Readonly<Record<string, Ability | 'ANY_ROLE' | 'NOTHING'>> = {
  viewer: 'NOTHING',
  _service: 'NOTHING',
  keyAlgorithms: 'ANY_ROLE',
  node: 'view',
  nodes: 'view',
  _entities: 'view',
  userKey: 'view',
  userKeys: 'view',
  serviceKey: 'view',
  serviceKeys: 'view',
  destroyImpact: 'manage',
  explainAccess: 'view',
  auditEvents: 'readAudit',
  roleBindings: 'manageRoles',
}

/** What a subscription asks of its caller; the keys in its events are shown as queries show them. */
export const subscriptionRules: Readonly<Record<string, Ability>> = {
  keyEvents: 'view',
  userKeysChanged: 'view',
}

/** What a mutation asks of its caller: an ability, or to be a service. Managing is by role, or by owning the key. */
export const mutationRules: Readonly<
  Record<string, 'use' | 'create' | 'manage' | 'manageRoles' | 'SERVICE'>
> = {
  createUserKey: 'create',
  ...all('manage', [
    ...['activateUserKey', 'updateUserKey', 'rotateUserKey', 'configureAutomaticRotation', 'deleteUserKey'],
    ...['enableAccessControl', 'disableAccessControl', 'addAllowedSubjects', 'removeAllowedSubjects'],
    ...['deactivateKeyVersion', 'activateKeyVersion', 'destroyKeyVersion', 'restoreKeyVersion'],
    ...['getImportParameters', 'importKeyVersion'],
  ]),
  ...all('use', [
    ...['encrypt', 'decrypt', 'reEncrypt', 'sign', 'verify', 'generateMac', 'verifyMac'],
    ...['encryptBatch', 'decryptBatch', 'reEncryptBatch', 'signBatch', 'verifyBatch', 'generateMacBatch'],
    ...['generateDataKey', 'generateDataKeyPair', 'encapsulate', 'decapsulate', 'deriveSharedSecret'],
    'generateRandom',
  ]),
  ...all('manageRoles', ['bindRole', 'unbindRole']),
  ...all('SERVICE', ['encryptWithServiceKey', 'decryptWithServiceKey', 'generateServiceDataKey']),
}

function all<T>(rule: T, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, rule]))
}
