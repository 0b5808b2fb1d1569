import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type GraphQLSchema,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
} from 'graphql'
import { coordinateIn } from './prefix.ts'

/** The oldest version that has all that is used here: gateways read it and every later one. */
const version = 'https://specs.apollo.dev/federation/v2.0'

/** Mutations that take or give plain data, plain keys or shared secrets: a public gateway can leave them out by their tag. */
const secretMutations = [
  ...['encrypt', 'encryptBatch', 'decrypt', 'decryptBatch'],
  ...['encryptWithServiceKey', 'decryptWithServiceKey', 'generateServiceDataKey'],
  ...['generateDataKey', 'generateDataKeyPair', 'generateRandom'],
  ...['encapsulate', 'decapsulate', 'deriveSharedSecret'],
]

/** Directives by what they stand on: a type, or one of its fields. Names are those without a prefix. */
const directives: Readonly<Record<string, string>> = {
  UserKey: '@key(fields: "id")',
  ServiceKey: '@key(fields: "id")',
  KeyVersion: '@key(fields: "id")',
  EncryptedValue: '@key(fields: "ciphertext context")',
  // Only referred to: another subgraph knows people.
  User: '@key(fields: "id", resolvable: false)',
  // Every subgraph with pages has it.
  PageInfo: '@shareable',
  ...Object.fromEntries(
    [
      ...secretMutations.map((name) => `Mutation.${name}`),
      ...['plaintext', 'text', 'failure'].map((name) => `EncryptedValue.${name}`),
    ].map((coordinate) => [coordinate, '@tag(name: "secrets")']),
  ),
}

/**
 * What is here and not in the subgraph. `node` and `nodes` find what this server has and nothing else, so they can
 * neither be shared with other subgraphs nor be the only ones of a supergraph.
 */
const leftOut = new Set([
  ...['_Any', '_Entity', '_Service', 'Query._entities', 'Query._service'],
  ...['Query.node', 'Query.nodes'],
])

const printed = new WeakMap<GraphQLSchema, string>()

/** The schema as a subgraph of Apollo Federation 2. */
export function printSubgraph(schema: GraphQLSchema): string {
  const known = printed.get(schema)
  if (known !== undefined) return known
  const directivesBy = new Map(
    Object.entries(directives).map(([coordinate, text]) => [coordinateIn(schema, coordinate), text]),
  )
  const omitted = new Set([...leftOut].map((coordinate) => coordinateIn(schema, coordinate)))
  const unused = new Set([...directivesBy.keys(), ...omitted])

  function isKept(coordinate: string): boolean {
    unused.delete(coordinate)
    return !omitted.has(coordinate)
  }

  function directivesOf(coordinate: string): readonly ConstDirectiveNode[] {
    const text = directivesBy.get(coordinate)
    unused.delete(coordinate)
    return text === undefined ? [] : [readDirective(text)]
  }

  function subgraphType(type: ObjectTypeDefinitionNode): ObjectTypeDefinitionNode {
    const name = type.name.value
    const fields = type.fields?.flatMap((field) => {
      const coordinate = `${name}.${field.name.value}`
      if (!isKept(coordinate)) return []
      return [{ ...field, directives: [...(field.directives ?? []), ...directivesOf(coordinate)] }]
    })
    return { ...type, directives: directivesOf(name), ...(fields && { fields }) }
  }

  const definitions = parse(printSchema(schema)).definitions.flatMap((definition): DefinitionNode[] => {
    if ('name' in definition && definition.name !== undefined && !isKept(definition.name.value)) return []
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) return [subgraphType(definition)]
    // Apollo's composition does not know @oneOf; this server checks such inputs whoever has checked them before.
    return [
      definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ? { ...definition, directives: [] } : definition,
    ]
  })
  if (unused.size > 0) throw new TypeError(`the schema has no ${[...unused].join(', ')}`)
  const imports = [...new Set(Object.values(directives).map((text) => /^@\w+/.exec(text)?.[0] ?? ''))]
  const link = `extend schema @link(url: "${version}", import: ${JSON.stringify(imports)})`
  const text = `${link}\n\n${print({ kind: Kind.DOCUMENT, definitions })}\n`
  printed.set(schema, text)
  return text
}

/** Reads one directive as it is written. */
function readDirective(text: string): ConstDirectiveNode {
  const [definition] = parse(`type Any ${text}`).definitions
  const [directive] = definition?.kind === Kind.OBJECT_TYPE_DEFINITION ? (definition.directives ?? []) : []
  if (directive === undefined) throw new TypeError('a directive is one')
  return directive
}
