import { UnreadableValueError } from '../errors.ts'
import type { Model, Schema } from '../fields/encrypted-fields.ts'
import { type Fields, isFields, listOf, type RowValues, rowValuesOf } from '../fields/rows.ts'
import type { Sealer } from '../fields/sealer.ts'
import { type ConditionContext, rewriteListArguments, rewriteWhere } from './conditions.ts'

/** What a query returns: which model, what was added for opening, and relations. */
export interface ResultShape {
  readonly model: Model
  /** Fields that were not asked for, but are needed to open others. */
  readonly added: readonly string[]
  readonly relations: ReadonlyMap<string, ResultShape>
}

/** Changes `select`, `include` and `omit`, in place, so that rows have what opening needs. */
export function shapeResult(context: ConditionContext, model: Model, args: Fields): ResultShape {
  const { select, include } = args
  const isSelected = isFields(select)
  const added = isSelected ? completeSelect(model, select) : completeOmit(model, args)
  const relations = new Map<string, ResultShape>()
  for (const [name, value] of Object.entries((isSelected ? select : include) ?? {})) {
    if (name === '_count') rewriteCounts(context, model, value)
    const relation = model.fields.get(name)?.relation
    if (relation === undefined || value === false || value === undefined || value === null) continue
    const related = context.schema.model(relation.model)
    const own: Fields = isFields(value) ? value : {}
    rewriteListArguments(context, related, own)
    const shape = shapeResult(context, related, own)
    const owner = (isSelected ? select : include) as Fields
    owner[name] = Object.keys(own).length === 0 ? true : own
    relations.set(name, shape)
  }
  return { model, added, relations }
}

function completeSelect(model: Model, select: Fields): string[] {
  if (![...model.encrypted.keys()].some((name) => select[name] === true)) return []
  const added = model.bound.filter((name) => select[name] !== true)
  for (const name of added) select[name] = true
  return added
}

function completeOmit(model: Model, args: Fields): string[] {
  const omit = args['omit']
  if (!isFields(omit) || [...model.encrypted.keys()].every((name) => omit[name] === true)) return []
  const added = model.bound.filter((name) => omit[name] === true)
  for (const name of added) delete omit[name]
  return added
}

function rewriteCounts(context: ConditionContext, model: Model, counts: unknown): void {
  if (!isFields(counts) || !isFields(counts['select'])) return
  for (const [name, value] of Object.entries(counts['select'])) {
    const relation = model.fields.get(name)?.relation
    if (relation === undefined || !isFields(value)) continue
    rewriteWhere(context, context.schema.model(relation.model), value['where'])
  }
}

/** Decrypts the values of a result, in place, all at the same time, and removes what was added for it. */
export async function openResult(sealer: Sealer, shape: ResultShape, result: unknown): Promise<void> {
  const opening: Promise<void>[] = []
  const cleaning: (() => void)[] = []
  visit(shape, result)
  await Promise.all(opening)
  for (const clean of cleaning) clean()

  function visit({ model, added, relations }: ResultShape, rows: unknown): void {
    for (const row of listOf(rows)) {
      if (!isFields(row)) continue
      let values: RowValues | null = null
      for (const [field, mark] of model.encrypted) {
        const stored = row[field]
        if (stored === undefined || stored === null) continue
        values ??= rowValuesOf(model, model.bound, row)
        if (values === null) {
          throw new UnreadableValueError(
            `${model.name}.${field} cannot be opened: the row lacks ${model.bound.join(' or ')}, to which it is bound. Do not omit them for the whole client.`,
            { model: model.name, field },
          )
        }
        opening.push(
          sealer.open({ model, field, mark, row: values }, stored).then((value) => {
            row[field] = value
          }),
        )
      }
      for (const [name, relation] of relations) visit(relation, row[name])
      if (added.length > 0) {
        cleaning.push(() => {
          for (const name of added) delete row[name]
        })
      }
    }
  }
}

/** The shape of what is returned where a query goes along relations: `prisma.order.findUnique(…).customer()`. */
export function shapeAt(schema: Schema, shape: ResultShape, dataPath: readonly string[]): ResultShape {
  let current = shape
  for (const name of dataPath.filter((_, index) => index % 2 === 1)) {
    const relation = current.model.fields.get(name)?.relation
    const next = current.relations.get(name)
    if (next !== undefined) current = next
    else if (relation !== undefined)
      current = { model: schema.model(relation.model), added: [], relations: new Map() }
  }
  return current
}
