import { nodes } from '../../keys/reading/nodes.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { Node } from '../types/node.ts'

/** Most IDs that can be asked for at once. */
const idsMax = 100

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description:
      'The object with this ID, as far as the caller may see it; null for an ID that is unknown, malformed, or of another project.',
    authScopes: { permission: 'VIEW' },
    args: {
      id: t.arg.id({
        required: true,
        description: 'A TypeID, e.g. `ukey_…`. The stand-in ID of a redacted key finds it too.',
      }),
    },
    resolve: (_root, { id }, { loaders }) => loaders.node.load(id),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: true, items: true },
    ...listOptions(idsMax, 'Like `node`, for several IDs, in their order.'),
    authScopes: { permission: 'VIEW' },
    args: { ids: t.arg.idList({ required: true, ...listOptions(idsMax, 'The TypeIDs.') }) },
    resolve: (_root, { ids }, { parts, call }) => nodes(parts, call, ids),
  }),
}))
