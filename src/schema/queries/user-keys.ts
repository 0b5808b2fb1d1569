import {
  searchCharactersMax,
  type UserKeyCounts,
  userKeyCounts,
  userKeys,
} from '../../keys/reading/key-lists.ts'
import { userKey } from '../../keys/reading/nodes.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { pageArguments } from '../types/connection.ts'
import { KeyAlgorithm, KeyOrigin, KeyStatus, KeyType, KeyUsage, KeyVersionStatus } from '../types/enums.ts'
import { labelConditionsOptions } from '../types/label.ts'
import { UserKey } from '../types/refs.ts'
import { UserKeyConnection } from '../types/user-key.ts'

const redactedLeftOut = 'Leaves redacted keys out.'

const UserKeyFilter = builder.inputType('UserKeyFilter', {
  description:
    'Filter of user keys; all conditions must hold. A redacted key matches no condition on a field that it hides.',
  fields: (t) => ({
    search: t.string({
      description: `Contains this text, without regard to case: in the name, the description, an alias, or the name or value of a label. A redacted key is found by its name only, also not by its description. 1 to ${searchCharactersMax} characters; spaces at the ends do not count.`,
    }),
    labels: t.field(labelConditionsOptions(`With all of these labels. ${redactedLeftOut}`)),
    namePrefix: t.string({ description: 'Names that start with this: up to 64 letters, digits, `-`, `_`.' }),
    accessControlEnabled: t.boolean({ description: 'With access control on, or off.' }),
    owner: t.field({
      type: 'SubjectRef',
      description: `Owned by this subject, e.g. \`user:alice\` or \`group:payments\`. ${redactedLeftOut}`,
    }),
    createdBy: t.field({ type: 'SubjectRef', description: 'Created by this subject, e.g. `user:alice`.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Created after this moment.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Created before this moment.' }),
    status: t.field({
      type: [KeyStatus],
      ...listOptions('ONE_FOR_EACH_VALUE', 'In one of these states.', redactedLeftOut),
    }),
    type: t.field({ type: KeyType, description: `Of this type. ${redactedLeftOut}` }),
    usage: t.field({ type: KeyUsage, description: `With this usage. ${redactedLeftOut}` }),
    algorithm: t.field({
      type: [KeyAlgorithm],
      ...listOptions('ONE_FOR_EACH_VALUE', 'With one of these algorithms.', redactedLeftOut),
    }),
    origin: t.field({ type: KeyOrigin, description: `With material of this origin. ${redactedLeftOut}` }),
    versionStatus: t.field({
      type: [KeyVersionStatus],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'With a version in one of these states. DESTROYED from the end of the waiting period on.',
        redactedLeftOut,
      ),
    }),
    automaticRotationEnabled: t.boolean({
      description: `With automatic rotation on, or off. ${redactedLeftOut}`,
    }),
    nextRotationBefore: t.field({
      type: 'DateTime',
      description: `With a \`nextRotationAt\` before this moment. ${redactedLeftOut}`,
    }),
    destructionScheduledBefore: t.field({
      type: 'DateTime',
      description: `With a version that will be destroyed before this moment. ${redactedLeftOut}`,
    }),
    unusedSince: t.field({
      type: 'DateTime',
      description: `Created before this moment, and without a successful operation at it or after it. Uses are written with each round of housekeeping. ${redactedLeftOut}`,
    }),
    neverUsed: t.boolean({
      description: `Without any successful operation so far, or with one. Uses are written with each round of housekeeping. ${redactedLeftOut}`,
    }),
    canProtect: t.boolean({
      description: `With a state that lets the key protect new data, or not: \`canProtect\` of keys that the caller sees in full. ${redactedLeftOut} They answer \`canProtect: false\` without regard to their state, and so match neither value.`,
    }),
    nearEncryptionLimit: t.boolean({
      description: `True: can protect new data, with a default version whose \`encryptionUsage.nearLimit\` is true. False: all others. ${redactedLeftOut}`,
    }),
  }),
})

const UserKeyOrderField = builder.enumType('UserKeyOrderField', {
  description:
    'Fields that user keys can be ordered by. A redacted key takes the place of a key without a value, so that its place discloses nothing.',
  values: {
    NAME: { description: 'By name, by bytes.' },
    CREATED_AT: { description: 'By creation; keys of the same moment by name.' },
    NEXT_ROTATION: {
      description:
        'By `nextRotationAt`; keys of the same moment by name. Keys without one come last in both directions, by name, and so do redacted keys.',
    },
    LAST_USE: {
      description:
        'By the last successful operation; keys of the same moment by name. Keys that were never used come last in both directions, by name, and so do redacted keys.',
    },
  } as const,
})

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Direction of an order.',
  values: {
    ASC: { description: 'Smallest or oldest first.' },
    DESC: { description: 'Largest or newest first.' },
  } as const,
})

const UserKeyOrder = builder.inputType('UserKeyOrder', {
  description: 'How user keys are ordered.',
  fields: (t) => ({
    field: t.field({ type: UserKeyOrderField, required: true, description: 'The field to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'The direction.' }),
  }),
})

const UserKeyStatusCount = builder
  .objectRef<UserKeyCounts['byStatus'][number]>('UserKeyStatusCount')
  .implement({
    description: 'How many user keys are in a state.',
    fields: (t) => ({
      status: t.field({ type: KeyStatus, description: 'The state.', resolve: ({ status }) => status }),
      count: t.field({ type: 'Count', description: 'The number of keys.', resolve: ({ count }) => count }),
    }),
  })

const UserKeyCountsType = builder.objectRef<UserKeyCounts>('UserKeyCounts').implement({
  description: 'How many user keys match a filter.',
  fields: (t) => ({
    total: t.field({ type: 'Count', description: 'All that match.', resolve: ({ total }) => total }),
    redacted: t.field({
      type: 'Count',
      description: 'Those that are redacted for the caller. They hide their state, so no state counts them.',
      resolve: ({ redacted }) => redacted,
    }),
    byStatus: t.field({
      type: [UserKeyStatusCount],
      ...listOptions('ONE_FOR_EACH_VALUE', 'The others by their state; one entry for each state.'),
      resolve: ({ byStatus }) => [...byStatus],
    }),
  }),
})

builder.queryFields((t) => ({
  userKeyCounts: t.field({
    type: UserKeyCountsType,
    nullable: true,
    description:
      "How many user keys of the caller's project match a filter, by state. Counts all of them, at the cost of one statement.",
    authScopes: { permission: 'VIEW' },
    args: { filter: t.arg({ type: UserKeyFilter, description: 'The filter; all without it.' }) },
    resolve: (_root, { filter }, { parts, call }) => userKeyCounts(parts, call, filter ?? {}),
  }),
  userKey: t.field({
    type: UserKey,
    nullable: true,
    description:
      'One user key; null if the project has no such key. Redacted if the caller has no access to it.',
    authScopes: { permission: 'VIEW' },
    args: {
      key: t.arg({
        type: 'KeyRef',
        required: true,
        description: 'The key: its ID, the stand-in ID that a redacted key shows, its name or an alias.',
      }),
    },
    resolve: (_root, { key }, { parts, call }) => userKey(parts, call, key),
  }),
  userKeys: t.field({
    type: UserKeyConnection,
    nullable: true,
    description: "The user keys of the caller's project, newest first unless ordered otherwise.",
    authScopes: { permission: 'VIEW' },
    args: {
      ...pageArguments,
      filter: t.arg({ type: UserKeyFilter, description: 'The filter; all without it.' }),
      orderBy: t.arg({ type: UserKeyOrder, description: 'The order; newest first without it.' }),
    },
    resolve: (_root, { filter, orderBy, ...page }, { parts, call }) =>
      userKeys(parts, call, page, filter ?? {}, orderBy ?? { field: 'CREATED_AT', direction: 'DESC' }),
  }),
}))
