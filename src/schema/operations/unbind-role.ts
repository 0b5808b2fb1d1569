import { unbindRole } from '../../keys/changing/bind-role.ts'
import type { RoleBindingView } from '../../keys/reading/views.ts'
import { InputValidationError, LockoutError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { Role } from '../types/enums.ts'
import { allowsLockout, RoleBinding } from '../types/role-binding.ts'
import { defineMutation } from './define-mutation.ts'

/** The binding is null if there was none. */
interface Unbound {
  readonly removed: RoleBindingView | null
}

const UnbindRolePayload = builder.objectRef<Unbound>('UnbindRolePayload').implement({
  description: 'The binding that was removed.',
  fields: (t) => ({
    roleBinding: t.field({
      type: RoleBinding,
      nullable: true,
      description: 'The removed binding; null if there was none.',
      resolve: ({ removed }) => removed,
    }),
  }),
})

defineMutation('unbindRole', {
  description:
    'Takes a role from a subject that has it by a binding. Roles of its tokens stay. In force at once on this server, and within CACHE_LIFETIME_MS on others. Needs MANAGE_ROLES.',
  input: 'The binding to remove.',
  fields: (t) => ({
    subject: t.field({ type: 'SubjectRef', required: true, description: 'The subject, e.g. `user:alice`.' }),
    role: t.field({ type: Role, required: true, description: 'The role.' }),
    allowLockout: t.boolean({ description: allowsLockout }),
  }),
  payload: UnbindRolePayload,
  errors: [InputValidationError, LockoutError],
  resolve: async ({ parts, call }, input) => ({ removed: await unbindRole(parts, call, input) }),
})
