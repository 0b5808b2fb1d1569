import { nodes } from '../../keys/reading/nodes.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { typeNameOf } from '../types/node.ts'
import { KeyVersion, ServiceKey, UserKey } from '../types/refs.ts'

/** Gateways ask at once for all that an answer of another subgraph refers to: several of the largest pages. */
const representationsMax = 1000

interface Representation {
  readonly __typename: string
  readonly id: string
}

/** Takes over only these two values, so that no other can replace a field of the entity. */
function parseRepresentation(value: unknown, index: number): Representation {
  const path = ['representations', String(index)]
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputValidationError([{ path, message: 'must be an object' }])
  const { __typename, id } = value as Partial<Record<keyof Representation, unknown>>
  if (typeof __typename === 'string' && typeof id === 'string') return { __typename, id }
  const field = typeof id === 'string' ? '__typename' : 'id'
  throw new InputValidationError([{ path: [...path, field], message: 'must be a string' }])
}

const Entity = builder.unionType('_Entity', {
  description: 'Objects that other subgraphs can refer to by ID (Apollo Federation).',
  types: [UserKey, ServiceKey, KeyVersion],
  resolveType: (view) => typeNameOf(view),
})

builder.queryField('_entities', (t) =>
  t.field({
    type: [Entity],
    nullable: { list: false, items: true },
    ...listOptions(
      representationsMax,
      'For gateways (Apollo Federation): what representations stand for, in their order. As with `nodes`, each is what the caller may see of it; null for everything else, also where `__typename` is not the type of what has the ID.',
    ),
    authScopes: { permission: 'VIEW' },
    args: {
      representations: t.arg({
        type: ['_Any'],
        required: true,
        ...listOptions(
          representationsMax,
          'As `id`, the ID of a key or of a version; the stand-in ID of a redacted key finds it too.',
        ),
      }),
    },
    async resolve(_root, { representations }, { parts, call }) {
      const wanted = representations.map(parseRepresentation)
      const views = await nodes(
        parts,
        call,
        wanted.map(({ id }) => id),
      )
      return views.map((view, index) => {
        if (view === null || view.kind === 'AUDIT_EVENT' || view.kind === 'ROLE_BINDING') return null
        return typeNameOf(view) === wanted[index]?.__typename ? view : null
      })
    },
  }),
)
