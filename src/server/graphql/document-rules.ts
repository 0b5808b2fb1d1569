import {
  type ASTVisitor,
  NoSchemaIntrospectionCustomRule,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import type { Config } from '../../config.ts'
import { documentLimitsRule } from './limits.ts'
import { listLimitsOf, listLimitsRule } from './list-limits.ts'
import { asGraphQLError, RequestError } from './request-errors.ts'

/**
 * What a document has to keep besides the rules of GraphQL, whoever sends it and with whatever variables: what is found
 * once is remembered for the document.
 */
export function documentRules(
  config: Pick<Config, 'INTROSPECTION' | 'developmentMode' | 'BATCH_ITEMS_MAX'>,
): readonly ValidationRule[] {
  const introspection =
    config.INTROSPECTION === 'on' || (config.INTROSPECTION === 'auto' && config.developmentMode)
  const limits = [documentLimitsRule, listLimitsRule(listLimitsOf(config))]
  return introspection ? limits : [...limits, NoSchemaIntrospectionCustomRule, noSubgraphSdlRule]
}

/** Validation rule: the schema as a subgraph is refused like introspection, since it says the same. */
function noSubgraphSdlRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return
      const message = 'GraphQL introspection is not allowed, and "_service" says the same.'
      context.reportError(asGraphQLError(new RequestError(message), { nodes: [node] }))
    },
  }
}
