import { MapperKind, mapSchema, renameType } from '@graphql-tools/utils'
import { type GraphQLSchema, type GraphQLTypeResolver, isAbstractType, isScalarType } from 'graphql'

declare module 'graphql' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameters are those of the interface that this adds to
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs = any> {
    /** Name of a root field in the schema without a prefix. The server knows some fields by it. */
    nameWithoutPrefix?: string
  }
}

/** Entities, which several subgraphs have under one name. */
const sharedTypes: ReadonlySet<string> = new Set([
  ...['UserKey', 'ServiceKey', 'KeyVersion', 'EncryptedValue', 'User'],
])

/** What schemas with a prefix call the types and root fields (`Query.viewer`) of the schema without one. */
const renamedBySchema = new WeakMap<GraphQLSchema, ReadonlyMap<string, string>>()

/** What a schema, with or without a prefix, calls a type or a field (`Query.viewer`). */
export function coordinateIn(schema: GraphQLSchema, coordinate: string): string {
  return renamedBySchema.get(schema)?.get(coordinate) ?? coordinate
}

/**
 * The schema with a prefix before the names of its types and root fields, for supergraphs in which another subgraph has
 * some of these names: `Role` becomes `KmsRole`, and `Query.viewer` becomes `Query.kmsViewer`. Resolvers stay the same.
 * Entities, scalars, and what Apollo Federation defines keep their names.
 *
 * @param prefix begins with a capital letter
 */
export function withPrefix(schema: GraphQLSchema, prefix: string): GraphQLSchema {
  const rootTypes = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const fieldPrefix = prefix.charAt(0).toLowerCase() + prefix.slice(1)
  const renamed = new Map(
    Object.values(schema.getTypeMap())
      .filter((type) => !isScalarType(type) && !rootTypes.some((root) => root === type))
      .filter(({ name }) => !name.startsWith('_') && !sharedTypes.has(name))
      .map(({ name }) => [name, `${prefix}${name}`]),
  )

  /** Resolvers of types answer with names that they know. */
  function renaming(resolve: GraphQLTypeResolver<unknown, unknown>): GraphQLTypeResolver<unknown, unknown> {
    const rename = (name: string | undefined) => name && (renamed.get(name) ?? name)
    return (...values) => {
      const name = resolve(...values)
      return name instanceof Promise ? name.then(rename) : rename(name as string | undefined)
    }
  }

  const prefixed = mapSchema(schema, {
    [MapperKind.TYPE](type) {
      const copy = renameType(type, renamed.get(type.name) ?? type.name)
      if (isAbstractType(copy) && copy.resolveType) copy.resolveType = renaming(copy.resolveType)
      return copy
    },
    [MapperKind.ROOT_FIELD](field, name, typeName) {
      if (name.startsWith('_')) return undefined
      const newName = fieldPrefix + name.charAt(0).toUpperCase() + name.slice(1)
      renamed.set(`${typeName}.${name}`, `${typeName}.${newName}`)
      return [newName, { ...field, extensions: { ...field.extensions, nameWithoutPrefix: name } }]
    },
  })
  renamedBySchema.set(prefixed, renamed)
  return prefixed
}
