import type { RoleBindingView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { defineConnection } from './connection.ts'
import { Role } from './enums.ts'
import { Node } from './node.ts'
import { Subject } from './subject.ts'

export const RoleBinding = builder.objectRef<RoleBindingView>('RoleBinding').implement({
  description:
    'A role that a subject has in the project, in addition to the roles of its tokens. One for each pair of subject and role.',
  interfaces: [Node],
  // `keys` gives bindings to no one else; this is the second lock.
  authScopes: (binding) => ({ managedBinding: binding }),
  isTypeOf: (view) => (view as RoleBindingView).kind === 'ROLE_BINDING',
  fields: (t) => ({
    subject: t.field({
      type: Subject,
      description: 'The subject; all its members if it is a group.',
      resolve: ({ subject }) => subject,
    }),
    role: t.field({ type: Role, description: 'The role.', resolve: ({ role }) => role }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'From this moment on it has no effect; null if it does not expire.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
    note: t.string({ description: 'A note for people; may be empty.', resolve: ({ note }) => note }),
    createdBy: t.field({
      type: Subject,
      description: 'Who made it, or last changed it.',
      resolve: ({ createdBy }) => createdBy,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was made, or last changed.',
      resolve: ({ createdAt }) => createdAt,
    }),
  }),
})

export const RoleBindingConnection = defineConnection('RoleBinding', RoleBinding)

/** Description of an argument that both changes of bindings have. */
export const allowsLockout =
  'Allow the change even if then nobody is bound to PROJECT_ADMIN in the project, or only for a shorter time. Not needed by callers whose own token gives that role. False if not given.'
