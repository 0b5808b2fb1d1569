import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { collectSubfields } from 'graphql/execution/collectFields.js'
import { coordinateIn } from './prefix.ts'

/**
 * Whether the caller selected a field of the payload that a mutation field answers with: through fragments, under
 * aliases, and not where `@skip` or `@include` leave it out. What is not selected need not be disclosed.
 */
export function isSelected(info: GraphQLResolveInfo, payloadName: string, fieldName: string): boolean {
  const payload = info.schema.getType(coordinateIn(info.schema, payloadName)) as GraphQLObjectType
  const fields = collectSubfields(info.schema, info.fragments, info.variableValues, payload, info.fieldNodes)
  return [...fields.values()].some((nodes) => nodes.some((node) => node.name.value === fieldName))
}
