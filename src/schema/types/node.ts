import { assertNever } from '../../errors.ts'
import type { NodeView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'

/** Relay's Node (Global Object Identification): everything that `node` can find. */
export const Node = builder.interfaceRef<NodeView>('Node').implement({
  description: 'Anything with an ID of its own (GraphQL Global Object Identification).',
  resolveType: (view) => typeNameOf(view),
  fields: (t) => ({
    id: t.id({
      description:
        'TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations.',
      resolve: ({ id }) => id,
    }),
  }),
})

/** The object type of a view. */
export function typeNameOf(
  view: NodeView,
): 'UserKey' | 'ServiceKey' | 'KeyVersion' | 'AuditEvent' | 'RoleBinding' {
  switch (view.kind) {
    case 'USER':
      return 'UserKey'
    case 'SERVICE':
      return 'ServiceKey'
    case 'VERSION':
      return 'KeyVersion'
    case 'AUDIT_EVENT':
      return 'AuditEvent'
    case 'ROLE_BINDING':
      return 'RoleBinding'
    default:
      return assertNever(view)
  }
}
