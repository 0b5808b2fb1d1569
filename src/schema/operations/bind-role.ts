import { bindRole } from '../../keys/changing/bind-role.ts'
import type { RoleBindingView } from '../../keys/reading/views.ts'
import { InputValidationError, LockoutError } from '../../keys/rules/errors.ts'
import { noteLengthMax } from '../../keys/rules/input.ts'
import { roleBindingsMax } from '../../keys/rules/role-bindings.ts'
import { builder } from '../builder.ts'
import { Role } from '../types/enums.ts'
import { allowsLockout, RoleBinding } from '../types/role-binding.ts'
import { defineMutation } from './define-mutation.ts'

const BindRolePayload = builder.objectRef<RoleBindingView>('BindRolePayload').implement({
  description: 'The binding that was made.',
  fields: (t) => ({
    roleBinding: t.field({ type: RoleBinding, description: 'The binding.', resolve: (binding) => binding }),
  }),
})

defineMutation('bindRole', {
  description: `Gives a subject a role in the caller's project, in addition to the roles of its tokens. A binding of the same subject and role is replaced. A project can have ${roleBindingsMax} bindings. Needs MANAGE_ROLES.`,
  input: 'The subject, and the role that it gets.',
  fields: (t) => ({
    subject: t.field({
      type: 'SubjectRef',
      required: true,
      description: 'The subject: `user:NAME`, `group:NAME` or `service-account:NAME`.',
    }),
    role: t.field({ type: Role, required: true, description: 'The role.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the binding ends by itself, in the future. Never if not given.',
    }),
    note: t.string({
      description: `A note for people, up to ${noteLengthMax} characters without control or invisible format characters. It is in the audit trail, too.`,
    }),
    allowLockout: t.boolean({ description: allowsLockout }),
  }),
  payload: BindRolePayload,
  errors: [InputValidationError, LockoutError],
  resolve: ({ parts, call }, input) => bindRole(parts, call, input),
})
