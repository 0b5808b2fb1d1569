import {
  type ASTVisitor,
  type GraphQLArgument,
  type GraphQLInputField,
  getNamedType,
  isEnumType,
  isInputObjectType,
  Kind,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
} from 'graphql'
import type { Config } from '../config.ts'
import { asGraphQLError, RequestError } from './request-errors.ts'

/** Most items of the list that an argument or a field of an input is; null where the schema declares none. */
export type ItemsMaxOf = (element: GraphQLArgument | GraphQLInputField) => number | null

/** Reads limits of lists from the schema, where each is declared with its list. */
export function listLimitsOf(config: Pick<Config, 'BATCH_ITEMS_MAX'>): ItemsMaxOf {
  return ({ type, extensions: { itemsMax } }) => {
    if (itemsMax === undefined) return null
    if (itemsMax === 'BATCH_ITEMS_MAX') return config.BATCH_ITEMS_MAX
    if (itemsMax !== 'ONE_FOR_EACH_VALUE') return itemsMax
    const named = getNamedType(type)
    return isEnumType(named) ? named.getValues().length : null
  }
}

/** A list is longer than its limit, which is all that is said of it. */
export function tooManyItems(place: string, items: number, itemsMax: number): RequestError {
  return new RequestError(
    `The input is not valid: ${place} must have at most ${itemsMax} entries, got ${items}.`,
    'INPUT_VALIDATION',
  )
}

/** Validation rule: lists that stand in the document itself keep their limits. Those in variables are counted when read. */
export function listLimitsRule(itemsMaxOf: ItemsMaxOf): ValidationRule {
  return (context: ValidationContext): ASTVisitor => {
    function check(element: GraphQLArgument | GraphQLInputField | null | undefined, value: ValueNode): void {
      if (!element || value.kind !== Kind.LIST) return
      const itemsMax = itemsMaxOf(element)
      if (itemsMax === null || value.values.length <= itemsMax) return
      const error = tooManyItems(element.name, value.values.length, itemsMax)
      context.reportError(asGraphQLError(error, { nodes: [value] }))
    }
    return {
      Argument: ({ value }) => check(context.getArgument(), value),
      ObjectField({ name, value }) {
        const holder = getNamedType(context.getParentInputType())
        if (isInputObjectType(holder)) check(holder.getFields()[name.value], value)
      },
    }
  }
}
