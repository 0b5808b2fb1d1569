import {
  type ASTVisitor,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  Kind,
  OperationTypeNode,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
} from 'graphql'
import type { Config } from '../../config.ts'
import { asGraphQLError, RequestError } from './request-error.ts'

/** Most items of a list argument or input field; null where the schema declares no limit. */
export type ItemsMaxOf = (element: GraphQLArgument | GraphQLInputField) => number | null

/** Builds the look-up of limits, which the schema declares with each list. */
export function listLimitsOf(config: Pick<Config, 'BATCH_ITEMS_MAX'>): ItemsMaxOf {
  return ({ type, extensions: { itemsMax } }) => {
    if (itemsMax === undefined) return null
    if (itemsMax === 'BATCH_ITEMS_MAX') return config.BATCH_ITEMS_MAX
    if (itemsMax !== 'ONE_FOR_EACH_VALUE') return itemsMax
    const named = getNamedType(type)
    return isEnumType(named) ? named.getValues().length : null
  }
}

/** Error for a list that is longer than its limit. */
export function tooManyItems(place: string, items: number, itemsMax: number): RequestError {
  return new RequestError(
    `The input is not valid: ${place} must have at most ${itemsMax} entries, got ${items}.`,
    'INPUT_VALIDATION',
  )
}

/**
 * Factor by which a list may exceed its limit and still be read. Mutations refuse long lists themselves, after the role
 * check, so that the refusal is audited. Lists that are far too long are refused unread.
 */
export function longListFactor({ operation }: { readonly operation: OperationTypeNode }): number {
  return operation === OperationTypeNode.MUTATION ? 2 : 1
}

/** Path to a value: names of fields and indexes of list items. */
export type Path = readonly (string | number)[]

/** Name of a list in the schema, and its most items. */
export interface NamedListLimit {
  readonly name: string
  readonly itemsMax: number
}

/** Limit of a list argument or input field; null if it has none. */
export function listLimitOf(
  element: GraphQLArgument | GraphQLInputField,
  itemsMaxOf: ItemsMaxOf,
): NamedListLimit | null {
  const itemsMax = itemsMaxOf(element)
  return itemsMax === null ? null : { name: element.name, itemsMax }
}

/** A value that may be a list, and where to report it. */
interface Counted {
  readonly limit: NamedListLimit | null
  /** Path to the value that holds the list, below the variable. */
  readonly path: Path
  readonly onLong: (place: string, items: number, itemsMax: number) => void
}

/** Reports a list that is too long. */
export function countItems({ length }: readonly unknown[], { limit, path, onLong }: Counted): void {
  if (limit !== null && length > limit.itemsMax) {
    onLong([...path, limit.name].join('.'), length, limit.itemsMax)
  }
}

/** Builds the check that counts all lists in a value before their items are read. */
export function createListCheck(itemsMaxOf: ItemsMaxOf) {
  const fieldsWithLists = new WeakMap<GraphQLInputType, readonly GraphQLInputField[]>()

  function holdsList(type: GraphQLInputType): boolean {
    if (isListType(getNullableType(type))) return true
    return listFieldsOf(getNamedType(type)).length > 0
  }

  function listFieldsOf(type: GraphQLInputType): readonly GraphQLInputField[] {
    const found = fieldsWithLists.get(type)
    if (found !== undefined) return found
    // Ends the recursion for an input type that contains itself.
    fieldsWithLists.set(type, [])
    const fields = isInputObjectType(type)
      ? Object.values(type.getFields()).filter((field) => holdsList(field.type))
      : []
    fieldsWithLists.set(type, fields)
    return fields
  }

  function check(value: unknown, type: GraphQLInputType, counted: Counted): void {
    const { limit, path, onLong } = counted
    const nullable = getNullableType(type)
    if (isListType(nullable) && Array.isArray(value)) {
      countItems(value, counted)
      if (!holdsList(nullable.ofType)) return
      const list = limit === null ? path : [...path, limit.name]
      for (const [index, item] of value.entries()) {
        check(item, nullable.ofType, { limit: null, path: [...list, index], onLong })
      }
      return
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    for (const field of listFieldsOf(getNamedType(nullable))) {
      if (!Object.hasOwn(value, field.name)) continue
      const isList = isListType(getNullableType(field.type))
      check((value as Readonly<Record<string, unknown>>)[field.name], field.type, {
        limit: isList ? listLimitOf(field, itemsMaxOf) : null,
        path: isList ? path : [...path, field.name],
        onLong,
      })
    }
  }

  return { check, holdsList }
}

/** Validation rule: list literals keep their limits. Lists in variables are counted when they are read. */
export function listLimitsRule(itemsMaxOf: ItemsMaxOf): ValidationRule {
  return (context: ValidationContext): ASTVisitor => {
    let longest = 1
    function check(element: GraphQLArgument | GraphQLInputField | null | undefined, value: ValueNode): void {
      if (!element || value.kind !== Kind.LIST) return
      countItems(value.values, {
        limit: listLimitOf(element, itemsMaxOf),
        path: [],
        onLong(place, items, itemsMax) {
          if (items <= itemsMax * longest) return
          context.reportError(asGraphQLError(tooManyItems(place, items, itemsMax), { nodes: [value] }))
        },
      })
    }
    return {
      Field() {
        const isMutation = context.getParentType() === context.getSchema().getMutationType()
        longest = longListFactor({
          operation: isMutation ? OperationTypeNode.MUTATION : OperationTypeNode.QUERY,
        })
      },
      Argument: ({ value }) => check(context.getArgument(), value),
      ObjectField({ name, value }) {
        const holder = getNamedType(context.getParentInputType())
        if (isInputObjectType(holder)) check(holder.getFields()[name.value], value)
      },
    }
  }
}
