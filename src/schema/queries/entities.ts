import type { Dependencies } from '../../keys/parts/dependencies.ts'
import { nodes } from '../../keys/reading/nodes.ts'
import type { KeyVersionView, KeyView, NodeView } from '../../keys/reading/views.ts'
import type { RequestContext } from '../../keys/rules/caller.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { charactersOf, EncryptedValue, type EncryptedValueReference } from '../types/encrypted-value.ts'
import { typeNameOf } from '../types/node.ts'
import { KeyVersion, ServiceKey, UserKey } from '../types/refs.ts'

/** Gateways ask at once for all that an answer of another subgraph refers to: several of the largest pages. */
const representationsMax = 1000

/** A reference to a key or a version. */
interface IdReference {
  readonly kind: 'ID'
  readonly typeName: string
  readonly id: string
}

/** Takes over only what is named here, so that no other value can replace a field of the entity. */
function parseRepresentation(given: unknown, index: number): IdReference | EncryptedValueReference {
  const path = ['representations', String(index)]
  const representation = objectAt(path, given)
  const { id, ciphertext, context = null } = representation
  // Missing strings are named in the order in which they are read.
  if (representation['__typename'] === encryptedValueName) {
    return {
      kind: 'ENCRYPTED_VALUE',
      ciphertext: stringAt([...path, 'ciphertext'], ciphertext),
      context: context === null ? null : objectAt([...path, 'context'], context),
    }
  }
  const known = stringAt([...path, 'id'], id)
  return { kind: 'ID', id: known, typeName: stringAt([...path, '__typename'], representation['__typename']) }
}

const encryptedValueName = 'EncryptedValue'

function objectAt(path: readonly string[], value: unknown): Readonly<Record<string, unknown>> {
  // Not copied: a variable can stand for very many representations.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new InputValidationError([{ path, message: 'must be an object' }])
}

function stringAt(path: readonly string[], value: unknown): string {
  if (typeof value === 'string') return value
  throw new InputValidationError([{ path, message: 'must be a string' }])
}

/** Characters of a reference that do not count: a value of a few bytes has a header, and is written in base64. */
const freeCharacters = 700

/**
 * Refuses references that are longer together than a batch can be: a variable can stand for very many of them, so that a
 * short request would have an answer without end.
 */
function requireLengthAtMost(
  { settings }: Dependencies,
  references: readonly (IdReference | EncryptedValueReference)[],
): void {
  const values = references.filter((reference) => reference.kind !== 'ID')
  if (values.length === 0) return
  const charactersMax = 2 * settings.batchBytesMax + freeCharacters * references.length
  const characters = values.reduce((sum, value) => sum + charactersOf(value), 0)
  if (characters <= charactersMax) return
  const message = `must have at most ${charactersMax} characters of values in total, got ${characters}`
  throw new InputValidationError([{ path: ['representations'], message }])
}

type EntityView = KeyView | KeyVersionView | EncryptedValueReference

const Entity = builder.unionType('_Entity', {
  description: 'Objects that other subgraphs can refer to (Apollo Federation).',
  types: [UserKey, ServiceKey, KeyVersion, EncryptedValue],
  resolveType: (view: EntityView) =>
    view.kind === 'ENCRYPTED_VALUE' ? encryptedValueName : typeNameOf(view),
})

/** The views of keys and versions, in the order of their references; null where the type is another one. */
async function findByIds(
  parts: Dependencies,
  call: RequestContext,
  references: readonly IdReference[],
): Promise<(KeyView | KeyVersionView | null)[]> {
  if (references.length === 0) return []
  const found = await nodes(
    parts,
    call,
    references.map(({ id }) => id),
  )
  return found.map((view, index) =>
    view !== null && isEntity(view) && typeNameOf(view) === references[index]?.typeName ? view : null,
  )
}

function isEntity(view: NodeView): view is KeyView | KeyVersionView {
  return view.kind !== 'AUDIT_EVENT' && view.kind !== 'ROLE_BINDING'
}

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
          'As `id`, the ID of a key or of a version; the stand-in ID of a redacted key finds it too. For an `EncryptedValue`, `ciphertext` and `context`.',
        ),
      }),
    },
    async resolve(_root, { representations }, { parts, call }) {
      const references = representations.map(parseRepresentation)
      requireLengthAtMost(parts, references)
      const found = await findByIds(
        parts,
        call,
        references.filter((reference) => reference.kind === 'ID'),
      )
      const views = found[Symbol.iterator]()
      return references.map((reference): EntityView | null =>
        reference.kind === 'ID' ? (views.next().value ?? null) : reference,
      )
    },
  }),
)
