import type { ObjectRef } from '@pothos/core'
import type { Page } from '../../keys/reading/pages.ts'
import { pageSize } from '../../keys/reading/pages.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'

type Edge<T> = Page<T>['edges'][number]

const PageInfo = builder.objectRef<Page<unknown>>('PageInfo').implement({
  description: 'Position of a page in its list (Relay Cursor Connections).',
  fields: (t) => ({
    hasNextPage: t.boolean({
      description: 'True if more items follow.',
      resolve: (page) => page.hasNextPage,
    }),
    hasPreviousPage: t.boolean({
      description: 'True if there are items before the page.',
      resolve: (page) => page.hasPreviousPage,
    }),
    startCursor: t.string({
      nullable: true,
      description: 'Cursor of the first item of the page; null if it is empty.',
      resolve: (page) => page.edges.at(0)?.cursor ?? null,
    }),
    endCursor: t.string({
      nullable: true,
      description: 'Cursor of the last item of the page; null if it is empty.',
      resolve: (page) => page.edges.at(-1)?.cursor ?? null,
    }),
  }),
})

/** Defines the connection of a type, and its edge. */
export function defineConnection<T>(name: string, node: ObjectRef<typeof builder.$inferSchemaTypes, T, T>) {
  const EdgeType = builder.objectRef<Edge<T>>(`${name}Edge`).implement({
    description: `One ${name} of a list.`,
    fields: (t) => ({
      cursor: t.string({
        description:
          'Position of the item in this list, for `after` and `before`. Opaque, and valid only for the same filter and order.',
        resolve: ({ cursor }) => cursor,
      }),
      node: t.field({ type: node, description: 'The item.', resolve: (edge) => edge.node as never }),
    }),
  })
  return builder.objectRef<Page<T>>(`${name}Connection`).implement({
    description: `A page of a list of ${name} (Relay Cursor Connections).`,
    fields: (t) => ({
      edges: t.field({
        type: [EdgeType],
        ...listOptions(pageSize.max, 'The items with their cursors.'),
        resolve: (page) => [...page.edges],
      }),
      nodes: t.field({
        type: [node],
        ...listOptions(pageSize.max, 'The items without their cursors.'),
        resolve: (page) => page.edges.map((edge) => edge.node) as never,
      }),
      pageInfo: t.field({ type: PageInfo, description: 'Position of the page.', resolve: (page) => page }),
      totalCount: t.field({
        type: 'Count',
        description:
          'How many items match on all pages. Counted when asked for, at the cost of one more statement.',
        resolve: (page) => page.totalCount(),
      }),
    }),
  })
}

/** The arguments of every connection. */
export const pageArguments = builder.args((t) => ({
  first: t.int({
    description: `Items from the start, 0 to ${pageSize.max}; ${pageSize.default} if neither \`first\` nor \`last\` is given.`,
  }),
  after: t.string({ description: 'Start after the item with this cursor.' }),
  last: t.int({ description: `Items from the end, 0 to ${pageSize.max}. Not together with \`first\`.` }),
  before: t.string({ description: 'End before the item with this cursor.' }),
}))
