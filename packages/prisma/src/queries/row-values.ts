import { randomUUID } from 'node:crypto'
import { UnsupportedQueryError } from '../errors.ts'
import type { KnownDefault, Model, Relation } from '../fields/encrypted-fields.ts'
import { boundText, type Fields, isFields } from '../fields/rows.ts'
import { type ConditionContext, rewriteWhere } from './conditions.ts'
import { flattenUnique, type RowReader } from './row-reader.ts'

/** Values that a row gets from the row above it, by the name of the field. */
export type Link = ReadonlyMap<string, () => Promise<string>>

/** A row that is being created. */
export interface NewRow {
  readonly model: Model
  readonly data: Fields
  readonly link: Link
}

/** What finds values of new rows. */
export interface ValueSources extends ConditionContext {
  readonly reader: RowReader
}

/**
 * The value that a field of a new row will have, as text: from its data, from the row above it, from a relation, or its
 * default, which is then written into the data. Throws an error if it cannot be known.
 */
export async function valueOfNewRow(sources: ValueSources, row: NewRow, name: string): Promise<string> {
  const { model, data, link } = row
  const place = `${model.name}.${name}`
  const facts = model.fields.get(name)
  if (data[name] !== undefined) return boundText(place, facts, data[name])
  const linked = link.get(name)
  if (linked !== undefined) return linked()
  for (const [field, { relation }] of model.fields) {
    const position = relation?.from.indexOf(name) ?? -1
    const to = relation?.to[position]
    if (relation === undefined || to === undefined || data[field] === undefined) continue
    return valueOfRelation(sources, { place, relation, to, operations: data[field] })
  }
  if (facts?.default !== undefined) {
    data[name] = valueOfDefault(facts.default)
    return boundText(place, facts, data[name])
  }
  throw new UnsupportedQueryError(
    `${place} must be given: ciphertext of the row is bound to it, so its value must be known before the row is written.`,
  )
}

interface RelatedValue {
  readonly place: string
  readonly relation: Relation
  readonly to: string
  readonly operations: unknown
}

async function valueOfRelation(
  sources: ValueSources,
  { place, relation, to, operations }: RelatedValue,
): Promise<string> {
  const model = sources.schema.model(relation.model)
  const { connect, create } = isFields(operations) ? operations : {}
  if (isFields(create)) return valueOfNewRow(sources, { model, data: create, link: new Map() }, to)
  if (isFields(connect)) return valueOfConnected(sources, { model, where: connect, to })
  throw new UnsupportedQueryError(
    `${place} cannot be known before the row is written: use connect or create, or write the related row first.`,
  )
}

/** The value of a field of a row that is to be connected. The condition then asks for that value, too. */
export async function valueOfConnected(
  sources: ValueSources,
  { model, where, to }: { readonly model: Model; readonly where: Fields; readonly to: string },
): Promise<string> {
  const place = `${model.name}.${to}`
  const facts = model.fields.get(to)
  const named = flattenUnique(model, where)[to]
  if (named !== undefined && !isFields(named)) return boundText(place, facts, named)
  const asked = Object.keys(where).join(', ')
  // The row is read without encryption: it is found by its blind index.
  rewriteWhere(sources, model, where)
  await sources.work.finish()
  const row = await sources.reader.first(model, where, [to])
  const value = row?.[to]
  if (value === undefined || value === null) {
    throw new UnsupportedQueryError(
      `connect: no ${model.name} fits ${asked}. Ciphertext is bound to its ${to}; write it first, or outside of an array of $transaction.`,
    )
  }
  // Who takes its place meanwhile is not connected.
  where['AND'] = [{ [to]: value }, ...('AND' in where ? [where['AND']].flat() : [])]
  return boundText(place, facts, value)
}

function valueOfDefault(value: KnownDefault): unknown {
  if (value.kind === 'value') return value.value
  return value.version === 4 ? randomUUID() : randomUuidOfTime()
}

/** A UUID of version 7 (RFC 9562): the time in milliseconds, then random bits. */
function randomUuidOfTime(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  const random = randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}
