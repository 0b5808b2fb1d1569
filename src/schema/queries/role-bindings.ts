import { roleBindings } from '../../keys/reading/role-bindings.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { pageArguments } from '../types/connection.ts'
import { Role } from '../types/enums.ts'
import { RoleBindingConnection } from '../types/role-binding.ts'

const RoleBindingFilter = builder.inputType('RoleBindingFilter', {
  description: 'Filter of role bindings; all conditions must hold.',
  fields: (t) => ({
    subject: t.field({
      type: 'SubjectRef',
      description: 'Of this subject, e.g. `user:alice` or `group:payments`.',
    }),
    role: t.field({ type: [Role], ...listOptions('ONE_FOR_EACH_VALUE', 'To one of these roles.') }),
  }),
})

builder.queryField('roleBindings', (t) =>
  t.field({
    type: RoleBindingConnection,
    nullable: true,
    description:
      "Role bindings of the caller's project that have not expired, by subject and role. Only for callers with the permission MANAGE_ROLES. Roles that tokens give are not among them.",
    authScopes: { permission: 'MANAGE_ROLES' },
    args: {
      ...pageArguments,
      filter: t.arg({ type: RoleBindingFilter, description: 'The filter; all without it.' }),
    },
    resolve: (_root, { filter, ...page }, { parts, call }) => roleBindings(parts, call, page, filter ?? {}),
  }),
)
