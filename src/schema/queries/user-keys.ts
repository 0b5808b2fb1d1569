import { userKeys } from '../../keys/reading/key-lists.ts'
import { userKey } from '../../keys/reading/nodes.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { pageArguments } from '../types/connection.ts'
import { KeyAlgorithm, KeyStatus, KeyType, KeyUsage } from '../types/enums.ts'
import { UserKey } from '../types/refs.ts'
import { UserKeyConnection } from '../types/user-key.ts'

const UserKeyFilter = builder.inputType('UserKeyFilter', {
  description:
    'Filter of user keys; all conditions must hold. A redacted key matches no condition on a field that it hides.',
  fields: (t) => ({
    namePrefix: t.string({ description: 'Names that start with this: up to 64 letters, digits, `-`, `_`.' }),
    accessControlEnabled: t.boolean({ description: 'With access control on, or off.' }),
    createdBy: t.field({ type: 'SubjectRef', description: 'Created by this subject, e.g. `user:alice`.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Created after this moment.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Created before this moment.' }),
    status: t.field({
      type: [KeyStatus],
      ...listOptions('ONE_FOR_EACH_VALUE', 'In one of these states.', 'Leaves redacted keys out.'),
    }),
    type: t.field({ type: KeyType, description: 'Of this type. Leaves redacted keys out.' }),
    usage: t.field({ type: KeyUsage, description: 'With this usage. Leaves redacted keys out.' }),
    algorithm: t.field({
      type: [KeyAlgorithm],
      ...listOptions('ONE_FOR_EACH_VALUE', 'With one of these algorithms.', 'Leaves redacted keys out.'),
    }),
    automaticRotationEnabled: t.boolean({
      description: 'With automatic rotation on, or off. Leaves redacted keys out.',
    }),
  }),
})

const UserKeyOrderField = builder.enumType('UserKeyOrderField', {
  description:
    'Fields that user keys can be ordered by. All viewers see them, so that the order discloses nothing.',
  values: {
    NAME: { description: 'By name, by bytes.' },
    CREATED_AT: { description: 'By creation; keys of the same moment by name.' },
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

builder.queryFields((t) => ({
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
