import type { Role } from '../../src/keys/rules/caller.ts'
import type { Person } from '../support/story.ts'

/** Abilities for cryptographic operations. */
export const operations = [
  ...(['encrypt', 'decrypt', 'sign', 'verify', 'generateMac', 'verifyMac'] as const),
  ...(['encapsulate', 'decapsulate', 'derive'] as const),
]

/** One of {@link operations}. */
export type OperationAbility = (typeof operations)[number]

/** A line of the table of roles. */
export type Ability =
  | OperationAbility
  | ('view' | 'create' | 'manage' | 'manageOwn' | 'readAudit' | 'manageRoles')

/** Who has what by its role; whoever has several roles has what each of them gives. */
export const abilitiesByRole: Readonly<Record<Role, readonly Ability[]>> = {
  PROJECT_ADMIN: ['view', ...operations, 'create', 'manage', 'readAudit', 'manageRoles'],
  PROJECT_MEMBER: ['view', ...operations, 'create', 'manageOwn'],
  PROJECT_READER: ['view'],
  KMS_MANAGER: ['view', ...operations, 'create', 'manage', 'readAudit'],
  KMS_USER: ['view', ...operations],
  KMS_VIEWER: ['view'],
  KMS_ENCRYPTER: ['view', 'encrypt', 'encapsulate'],
  KMS_DECRYPTER: ['view', 'decrypt', 'decapsulate', 'derive'],
  KMS_SIGNER: ['view', 'sign', 'generateMac'],
  KMS_VERIFIER: ['view', 'verify', 'verifyMac'],
  KMS_AUDITOR: ['view', 'readAudit'],
}

/** Keys for signatures: two of user:olga, with and without access control, and one of a group, with access control. */
export const standingKeys = ['closed', 'open', 'shared'] as const

/** One of {@link standingKeys}. */
export type StandingKey = (typeof standingKeys)[number]

/** How a caller stands to the keys. */
export interface Standing {
  readonly name: string
  readonly person: Person
  readonly sees: Readonly<Record<StandingKey, 'whole' | 'redacted' | 'absent'>>
  readonly owns: readonly StandingKey[]
  /** What its entry on the list of the closed key leaves of what its roles give, besides viewing and auditing. */
  readonly left?: readonly Ability[]
}

/** Whom the access list of the closed key names without saying more. */
export const accessList = [
  'user:bob',
  'group:payments',
  'service-account:ci',
  'service-agent:Secrets Manager',
]

/** Entries of that list that say more. One of them has expired when the callers come. */
export const accessEntries = [
  { subject: 'user:eva', permissions: ['SIGN'], note: 'signs only' },
  { subject: 'group:operators', permissions: ['VIEW', 'MANAGE'] },
  { subject: 'user:eddy', expiresAt: '2026-03-01T13:00:00.000Z' },
  { subject: 'user:nora', expiresAt: '2027-03-01T13:00:00.000Z' },
]

const named = { sees: { closed: 'whole', open: 'whole', shared: 'redacted' }, owns: [] } as const
const unnamed = { sees: { closed: 'redacted', open: 'whole', shared: 'redacted' }, owns: [] } as const
const nowhere = { sees: { closed: 'absent', open: 'absent', shared: 'absent' }, owns: [] } as const

/** Every way to stand to a key. */
export const standings: readonly Standing[] = [
  { name: 'the owner', person: { name: 'olga' }, ...named, owns: ['closed', 'open'] },
  {
    name: 'a member of the group that owns a key',
    person: { name: 'gwen', groups: ['owners'] },
    sees: { ...unnamed.sees, shared: 'whole' },
    owns: ['shared'],
  },
  { name: 'an allowed user', person: { name: 'bob' }, ...named },
  { name: 'a user in an allowed group', person: { name: 'gil', groups: ['sales', 'payments'] }, ...named },
  { name: 'an allowed service account', person: { name: 'ci', kind: 'SERVICE_ACCOUNT' }, ...named },
  {
    name: 'an allowed service agent',
    person: { name: 'Secrets Manager', kind: 'SERVICE_AGENT' },
    ...named,
    sees: { closed: 'whole', open: 'absent', shared: 'absent' },
  },
  { name: 'a user with an entry for signing', person: { name: 'eva' }, ...named, left: ['sign'] },
  {
    name: 'a user in a group with an entry for managing',
    person: { name: 'otto', groups: ['operators'] },
    ...named,
    left: ['manage'],
  },
  {
    name: 'a user with two entries',
    person: { name: 'eva', groups: ['operators'] },
    ...named,
    left: ['sign', 'manage'],
  },
  { name: 'a user with an entry that has expired', person: { name: 'eddy' }, ...unnamed },
  { name: 'a user with an entry that has not expired', person: { name: 'nora' }, ...named },
  { name: 'another user', person: { name: 'ada', groups: ['bob', 'olga', 'Payments', 'eva'] }, ...unnamed },
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
  ['KMS_SIGNER', 'KMS_AUDITOR'],
]

/**
 * What decides over a field, given that the caller gets the object at all.
 * - `ALWAYS`: nothing.
 * - `WHOLE`: the key must be whole for the caller.
 * - `HISTORY`: as `WHOLE`, and the caller reads the audit trail, or owns the key.
 * - `DISCREET`: nothing, but it names callers to those only who read the audit trail, or own the key.
 * - `OWN`: the answer is about the caller.
 * - `DECRYPT`: the caller decrypts with the key, as by the mutation `decrypt` (encrypted-values.server.test.ts).
 */
export type FieldRule = 'ALWAYS' | 'WHOLE' | 'HISTORY' | 'DISCREET' | 'OWN' | 'DECRYPT'

/** The fields of everything that can be asked for by its ID or by a query, by rule. */
export const fieldRules: Readonly<Record<string, Partial<Record<FieldRule, readonly string[]>>>> = {
  UserKey: {
    ALWAYS: ['partialId', 'name', 'description', 'accessControlEnabled', 'createdAt', 'createdBy'],
    OWN: ['id', 'viewerCanAccess', 'viewerPermissions'],
    WHOLE: [
      ...['status', 'type', 'usage', 'algorithm', 'origin', 'defaultVersion', 'version', 'versions'],
      ...['automaticRotation', 'lastRotatedAt', 'nextRotationAt', 'publicKey', 'owner', 'allowedSubjects'],
      ...['canProtect', 'cannotProtectReason', 'accessList', 'aliases', 'labels', 'decryptableInGraph'],
      ...['jwks', 'updatedAt', 'revision', 'deletable'],
    ],
    HISTORY: ['auditEvents'],
  },
  // By what the caller sees of each key.
  UserKeyCounts: { ALWAYS: ['total'], OWN: ['redacted', 'byStatus'] },
  // Those of redacted keys do not exist for the caller.
  UpcomingEvent: { ALWAYS: ['kind', 'at', 'key', 'version'] },
  // A version of a redacted key does not exist for the caller.
  KeyVersion: {
    ALWAYS: [
      ...[
        'id',
        'number',
        'versionStatus',
        'isDefault',
        'materialOrigin',
        'key',
        'createdAt',
        'activatedAt',
        'deactivatedAt',
      ],
      ...['destroyScheduledFor', 'destroyedAt', 'lastUsedAt', 'encryptionUsage', 'publicKey'],
    ],
    HISTORY: ['usageByCaller', 'usageSeries'],
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
      ...['canProtect', 'cannotProtectReason'],
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
        'liveKey',
        'keyRevision',
        'versionNumber',
        'versionNumbers',
        'context',
        'sourceContext',
        'details',
      ],
    ],
  },
  DestroyImpact: {
    ALWAYS: ['version', 'verdict', 'since', 'recordsSince', 'operations', 'failedOperations'],
    DISCREET: ['summary'],
    HISTORY: ['callers'],
  },
  UsageSeries: { ALWAYS: ['interval', 'from', 'to', 'points'] },
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
  // What the caller has sent itself, and what is decrypted of it.
  EncryptedValue: { ALWAYS: ['ciphertext', 'context'], DECRYPT: ['plaintext', 'text', 'failure'] },
  Viewer: {
    OWN: [
      ...['subject', 'displayName', 'kind', 'projectId', 'roles', 'boundRoles', 'groups', 'permissions'],
      'tokenExpiresAt',
    ],
  },
}

/**
 * What a query asks of its caller. Without it the answer is FORBIDDEN, but for `NOTHING`, which every token has.
 * `ANY_ROLE` is any role that is known here. Managing is by role, or by owning the key. `TRAIL` is reading the audit trail,
 * or asking about a key that one owns.
 */
export const queryRules: Readonly<Record<string, Ability | 'ANY_ROLE' | 'NOTHING' | 'TRAIL'>> = {
  viewer: 'NOTHING',
  _service: 'NOTHING',
  keyAlgorithms: 'ANY_ROLE',
  node: 'view',
  nodes: 'view',
  _entities: 'view',
  userKey: 'view',
  userKeys: 'view',
  userKeyCounts: 'view',
  upcomingEvents: 'view',
  serviceKey: 'view',
  serviceKeys: 'view',
  destroyImpact: 'manage',
  explainAccess: 'view',
  explainMyAccess: 'view',
  auditEvents: 'TRAIL',
  usageSeries: 'TRAIL',
  roleBindings: 'manageRoles',
}

/** What a subscription asks of its caller; the keys in its events are shown as queries show them. */
export const subscriptionRules: Readonly<Record<string, Ability>> = {
  keyEvents: 'view',
  userKeysChanged: 'view',
}

/**
 * What a mutation asks of its caller: abilities, all of them, or to be a service. Without it the result is ForbiddenError. Managing is by role, or by owning the key.
 * `TRANSFER` is managing the key, or owning it with whatever role; `ANY_OPERATION` is one of the operations.
 */
export const mutationRules: Readonly<
  Record<
    string,
    | readonly OperationAbility[]
    | 'create'
    | 'manage'
    | 'manageRoles'
    | 'TRANSFER'
    | 'ANY_OPERATION'
    | 'SERVICE'
  >
> = {
  createUserKey: 'create',
  transferOwnership: 'TRANSFER',
  generateRandom: 'ANY_OPERATION',
  ...all('manage', [
    ...['activateUserKey', 'updateUserKey', 'rotateUserKey', 'configureAutomaticRotation', 'deleteUserKey'],
    ...['enableAccessControl', 'disableAccessControl', 'addAllowedSubjects', 'removeAllowedSubjects'],
    ...['deactivateKeyVersion', 'activateKeyVersion', 'destroyKeyVersion', 'restoreKeyVersion'],
    ...['getImportParameters', 'importKeyVersion', 'createAlias', 'repointAlias', 'deleteAlias'],
    ...['labelUserKey', 'labelUserKeyBatch', 'rotateUserKeyBatch', 'publishJwks', 'unpublishJwks'],
    ...['deactivateKeyVersionBatch', 'destroyKeyVersionBatch'],
  ]),
  ...all(['encrypt'] as const, ['encrypt', 'encryptBatch', 'generateDataKey', 'generateDataKeyPair']),
  ...all(['decrypt'] as const, ['decrypt', 'decryptBatch']),
  ...all(['decrypt', 'encrypt'] as const, ['reEncrypt', 'reEncryptBatch']),
  ...all(['sign'] as const, ['sign', 'signBatch']),
  ...all(['verify'] as const, ['verify', 'verifyBatch']),
  ...all(['generateMac'] as const, ['generateMac', 'generateMacBatch']),
  verifyMac: ['verifyMac'],
  encapsulate: ['encapsulate'],
  decapsulate: ['decapsulate'],
  deriveSharedSecret: ['derive'],
  ...all('manageRoles', ['bindRole', 'unbindRole']),
  ...all('SERVICE', ['encryptWithServiceKey', 'decryptWithServiceKey', 'generateServiceDataKey']),
}

function all<T>(rule: T, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, rule]))
}
