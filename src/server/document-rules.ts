import {
  type ASTVisitor,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import type { Config } from '../config.ts'
import { documentLimitsRule } from './limits.ts'

/**
 * What a document has to keep besides the rules of GraphQL, whoever sends it and with whatever variables: what is found
 * once is remembered for the document.
 */
export function documentRules(
  config: Pick<Config, 'INTROSPECTION' | 'developmentMode'>,
): readonly ValidationRule[] {
  const introspection =
    config.INTROSPECTION === 'on' || (config.INTROSPECTION === 'auto' && config.developmentMode)
  return introspection
    ? [documentLimitsRule]
    : [documentLimitsRule, NoSchemaIntrospectionCustomRule, noSubgraphSdlRule]
}

/** Validation rule: the schema as a subgraph is refused like introspection, since it says the same. */
function noSubgraphSdlRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return
      const message = 'GraphQL introspection is not allowed, and "_service" says the same.'
      context.reportError(new GraphQLError(message, { nodes: node }))
    },
  }
}
