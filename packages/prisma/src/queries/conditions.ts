import { isDbNull } from '@prisma/client/runtime/client'
import { UnsupportedQueryError } from '../errors.ts'
import type { Model, Schema } from '../fields/encrypted-fields.ts'
import { type Fields, isFields, listOf } from '../fields/rows.ts'
import type { Work } from './work.ts'

/** What conditions are rewritten with. */
export interface ConditionContext {
  readonly schema: Schema
  readonly work: Work
}

const operatorsOfLists = ['AND', 'OR', 'NOT']
const operatorsOfRelations = ['some', 'every', 'none', 'is', 'isNot']

/**
 * Rewrites a `where`, in place: equality of an encrypted field becomes equality of its blind index. Other conditions on
 * encrypted fields are refused, but for null, which stays null.
 */
export function rewriteWhere(context: ConditionContext, model: Model, where: unknown): void {
  if (!isFields(where)) return
  const added: Fields[] = []
  for (const [name, condition] of Object.entries(where)) {
    const facts = model.fields.get(name)
    if (facts === undefined) {
      if (operatorsOfLists.includes(name))
        for (const each of listOf(condition)) rewriteWhere(context, model, each)
    } else if (facts.relation !== undefined) {
      rewriteRelated(context, context.schema.model(facts.relation.model), condition)
    } else if (model.encrypted.has(name) && condition !== undefined) {
      rewriteEncrypted(context, { model, name, where, added })
    } else {
      refuseReferences(context, model, name, condition)
    }
  }
  if (added.length > 0) where['AND'] = [...added, ...('AND' in where ? listOf(where['AND']) : [])]
}

function rewriteRelated(context: ConditionContext, model: Model, condition: unknown): void {
  if (!isFields(condition)) return
  const operators = Object.keys(condition).filter(
    (name) => operatorsOfRelations.includes(name) && !model.fields.has(name),
  )
  if (operators.length === 0) rewriteWhere(context, model, condition)
  for (const operator of operators) rewriteWhere(context, model, condition[operator])
}

interface EncryptedCondition {
  readonly model: Model
  readonly name: string
  readonly where: Fields
  readonly added: Fields[]
}

function rewriteEncrypted(
  { work }: ConditionContext,
  { model, name, where, added }: EncryptedCondition,
): void {
  const condition = where[name]
  if (isNullCondition(condition)) return
  const place = `${model.name}.${name}`
  const index = model.indexes.get(name)
  const rewritten = indexedCondition(condition, place, index !== undefined)
  if (index === undefined) {
    throw new UnsupportedQueryError(
      `where cannot look for a value of ${place}: it is encrypted and has no blind index. Add a field with @searchable(of: "${name}").`,
    )
  }
  delete where[name]
  // At the top for what is unique; beside it if there is a condition on the index already.
  const target = index.field in where ? {} : where
  if (target !== where) added.push(target)
  const codeOf = (value: unknown, set: (code: string) => void) =>
    work.add(async () => set(await work.indexer.indexOf(place, index, value)))
  if (!isFields(rewritten)) {
    target[index.field] = undefined
    codeOf(rewritten, (code) => {
      target[index.field] = code
    })
    return
  }
  const filter: Fields = {}
  target[index.field] = filter
  fillFilter(filter, rewritten, codeOf)
}

function fillFilter(
  filter: Fields,
  condition: Fields,
  codeOf: (value: unknown, set: (code: string) => void) => void,
): void {
  for (const [operator, operand] of Object.entries(condition)) {
    if (operand === undefined || operator === 'mode') continue
    if (operand === null) filter[operator] = null
    else if (Array.isArray(operand)) {
      const codes: unknown[] = operand.map(() => null)
      filter[operator] = codes
      for (const [position, value] of operand.entries()) {
        codeOf(value, (code) => {
          codes[position] = code
        })
      }
    } else if (isFields(operand)) {
      const inner: Fields = {}
      filter[operator] = inner
      fillFilter(inner, operand, codeOf)
    } else {
      codeOf(operand, (code) => {
        filter[operator] = code
      })
    }
  }
}

/** Checks that a condition is one of equality, which is what a blind index has. */
function indexedCondition(condition: unknown, place: string, isIndexed: boolean): unknown {
  if (!isFields(condition)) return condition
  for (const [operator, operand] of Object.entries(condition)) {
    if (operand === undefined) continue
    if (operator === 'mode' && operand === 'default') continue
    if (!['equals', 'not', 'in', 'notIn'].includes(operator)) {
      throw new UnsupportedQueryError(
        `where cannot use ${operator} on ${place}: it is encrypted. ${isIndexed ? 'Its blind index finds equal values: use equals, in, not or notIn.' : 'With a blind index (@searchable), equal values can be found.'}`,
      )
    }
    if (operator === 'not' && isFields(operand)) indexedCondition(operand, place, isIndexed)
  }
  return condition
}

/** Null is stored as null, so asking for it needs no index. */
function isNullCondition(condition: unknown): boolean {
  if (condition === null || isDbNull(condition)) return true
  if (!isFields(condition)) return false
  const operands = Object.entries(condition).filter(([, operand]) => operand !== undefined)
  return operands.every(
    ([operator, operand]) => ['equals', 'not'].includes(operator) && isNullCondition(operand),
  )
}

/** Refuses `prisma.customer.fields.email` as an operand: it would be compared with ciphertext. */
function refuseReferences(
  { schema }: ConditionContext,
  model: Model,
  name: string,
  condition: unknown,
): void {
  for (const operand of isFields(condition) ? Object.values(condition) : [condition]) {
    if (typeof operand !== 'object' || operand === null || isFields(operand)) continue
    const { modelName, name: field } = operand as { readonly modelName?: unknown; readonly name?: unknown }
    if (typeof modelName !== 'string' || typeof field !== 'string') continue
    if (!schema.models.get(modelName)?.encrypted.has(field)) continue
    throw new UnsupportedQueryError(
      `where cannot compare ${model.name}.${name} with ${modelName}.${field}, which is encrypted.`,
    )
  }
}

/** Refuses an `orderBy` that names an encrypted field: the order of ciphertext says nothing. */
export function refuseOrder(context: ConditionContext, model: Model, orderBy: unknown): void {
  for (const each of listOf(orderBy)) {
    if (!isFields(each)) continue
    for (const [name, order] of Object.entries(each)) {
      if (order === undefined) continue
      const relation = model.fields.get(name)?.relation
      if (relation !== undefined) refuseOrder(context, context.schema.model(relation.model), order)
      const named = isFields(order) && name === '_relevance' ? listOf(order['fields']) : [name]
      const ofGroups = name.startsWith('_') && name !== '_count' && isFields(order) ? Object.keys(order) : []
      for (const field of [...named, ...ofGroups]) {
        if (!model.encrypted.has(String(field))) continue
        throw new UnsupportedQueryError(
          `orderBy cannot use ${model.name}.${String(field)}: it is encrypted. Sort the result, or order by another field.`,
        )
      }
    }
  }
}

/** `distinct` of an encrypted field becomes that of its blind index. */
export function rewriteDistinct(model: Model, distinct: unknown): unknown {
  if (distinct === undefined) return distinct
  return listOf(distinct).map((name) => {
    if (!model.encrypted.has(String(name))) return name
    const index = model.indexes.get(String(name))
    if (index !== undefined) return index.field
    throw new UnsupportedQueryError(
      `distinct cannot use ${model.name}.${String(name)}: it is encrypted and has no blind index (@searchable).`,
    )
  })
}

/** Rewrites conditions of a list: of a query, or of a relation inside `select` or `include`. */
export function rewriteListArguments(context: ConditionContext, model: Model, args: Fields): void {
  rewriteWhere(context, model, args['where'])
  rewriteWhere(context, model, args['cursor'])
  if ('orderBy' in args) refuseOrder(context, model, args['orderBy'])
  if (args['distinct'] !== undefined) args['distinct'] = rewriteDistinct(model, args['distinct'])
}

/** Refuses encrypted fields in `groupBy` and `aggregate`, but for counting those that are not null. */
export function refuseAggregates(context: ConditionContext, model: Model, args: Fields): void {
  const named = (value: unknown) => (isFields(value) ? Object.keys(value).filter((name) => value[name]) : [])
  for (const option of ['_min', '_max', '_sum', '_avg']) {
    for (const name of named(args[option])) refuseAggregate(model, name, option)
  }
  for (const name of args['by'] === undefined ? [] : listOf(args['by']))
    refuseAggregate(model, String(name), 'by')
  const having = args['having']
  if (having !== undefined) refuseHaving(model, having)
  rewriteListArguments(context, model, args)
}

function refuseHaving(model: Model, having: unknown): void {
  for (const each of listOf(having)) {
    if (!isFields(each)) continue
    for (const [name, condition] of Object.entries(each)) {
      if (operatorsOfLists.includes(name)) refuseHaving(model, condition)
      else refuseAggregate(model, name, 'having')
    }
  }
}

function refuseAggregate(model: Model, name: string, option: string): void {
  if (!model.encrypted.has(name)) return
  throw new UnsupportedQueryError(
    `${option} cannot use ${model.name}.${name}: it is encrypted, and equal values have different ciphertext.`,
  )
}
