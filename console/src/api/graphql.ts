import { initGraphQLTada, type ResultOf } from 'gql.tada'
import type { introspection } from '../../generated/introspection.d.ts'

/** Parses a document; its type is that of its answer, inferred from the schema. */
export const graphql = initGraphQLTada<{
  introspection: introspection
  disableMasking: true
  scalars: {
    Base64: string
    Count: number
    DateTime: string
    JSON: unknown
    KeyRef: string
    SubjectRef: string
  }
}>()

type Types = introspection['types']

/** The values of an enumeration of the schema. */
export type EnumOf<Name extends keyof Types> = Types[Name] extends { enumValues: infer Value } ? Value : never

export type { ResultOf }
