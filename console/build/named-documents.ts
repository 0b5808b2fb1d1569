// Stands for @0no-co/graphql.web in the bundle, whose documents are a name and no fields: see `withoutFields`.
import type { DocumentNode } from 'graphql'

/** Kinds of nodes that urql and gql.tada compare with. */
export const Kind = {
  NAME: 'Name',
  DOCUMENT: 'Document',
  OPERATION_DEFINITION: 'OperationDefinition',
  FRAGMENT_DEFINITION: 'FragmentDefinition',
  SELECTION_SET: 'SelectionSet',
  FIELD: 'Field',
  INLINE_FRAGMENT: 'InlineFragment',
} as const

/** Reads the kind and the name of a document, such as `query Viewer{__typename}`. */
export function parse(text: string): DocumentNode {
  const [, operation = '', value = ''] = /^(\w+) ?(\w*)/.exec(text) ?? []
  const definition = {
    kind: operation === 'fragment' ? Kind.FRAGMENT_DEFINITION : Kind.OPERATION_DEFINITION,
    operation,
    name: { kind: Kind.NAME, value },
  }
  return { kind: Kind.DOCUMENT, definitions: [definition] } as unknown as DocumentNode
}

/** A text that no other document has. The server has the real one. */
export function print({ definitions }: DocumentNode): string {
  const [definition] = definitions
  return definition !== undefined && 'name' in definition ? (definition.name?.value ?? '') : ''
}

/** An error in an answer of the API. */
export class GraphQLError extends Error {
  readonly path: readonly (string | number)[] | undefined
  readonly extensions: Readonly<Record<string, unknown>>
  constructor(
    message: string,
    _nodes?: unknown,
    _source?: unknown,
    _positions?: unknown,
    path?: readonly (string | number)[],
    _originalError?: unknown,
    extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.path = path
    this.extensions = extensions
  }
}
