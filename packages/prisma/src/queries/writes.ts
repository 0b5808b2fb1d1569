// Longer than other files: the operations of a nested write call each other.
import { isDbNull, PrismaClientKnownRequestError, skip } from '@prisma/client/runtime/client'
import { UnsupportedQueryError } from '../errors.ts'
import { isFixed, type Model, type Relation } from '../fields/encrypted-fields.ts'
import { boundText, type Fields, isFields, listOf, type RowValues, rowValuesOf } from '../fields/rows.ts'
import { rewriteWhere } from './conditions.ts'
import { flattenUnique } from './row-reader.ts'
import { type Link, type NewRow, type ValueSources, valueOfConnected, valueOfNewRow } from './row-values.ts'

/** What writes are rewritten with. */
export interface WriteContext extends ValueSources {
  /** Version of Prisma, for its errors. */
  readonly clientVersion: string
}

const noLink: Link = new Map()
/** A condition that no row fits. */
const nothing: Fields = { OR: [] }

/** Whether a value is one to be encrypted: not missing and not null. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== skip && !isDbNull(value)
}

/** Rewrites the data of a new row and of rows below it, in place. */
export async function rewriteCreate(context: WriteContext, row: NewRow): Promise<void> {
  const { model, data } = row
  if (!isFields(data)) return
  refuseIndexWrites(model, data)
  if ([...model.encrypted.keys()].some((name) => isGiven(data[name]))) {
    const values = new Map<string, string>()
    for (const name of model.bound) values.set(name, await valueOfNewRow(context, row, name))
    sealData(context, { model, data, row: values })
  } else sealData(context, { model, data, row: new Map() })
  for (const [name, relation] of relationsOf(model)) {
    if (!isFields(data[name])) continue
    const valueAbove = (field: string) => valueOfNewRow(context, row, field)
    await rewriteRelation(context, { model, name, relation, operations: data[name], valueAbove, row: null })
  }
}

/** Rewrites the data of an update and of rows below it, in place. `row` is the row as it is; null if there is none. */
async function rewriteUpdate(
  context: WriteContext,
  { model, data, row }: { readonly model: Model; readonly data: Fields; readonly row: RowValues },
): Promise<void> {
  refuseIndexWrites(model, data)
  for (const name of new Set([...model.bound, ...model.referenced.keys()])) {
    if (data[name] === undefined || data[name] === skip) continue
    const value = isFields(data[name]) ? data[name]['set'] : data[name]
    if (
      value === undefined ||
      boundText(`${model.name}.${name}`, model.fields.get(name), value) !== row.get(name)
    )
      refuseMove(model, name)
  }
  sealData(context, { model, data, row })
  for (const [name, relation] of relationsOf(model)) {
    const operations = data[name]
    if (!isFields(operations)) continue
    await refuseMoveByRelation(context, { model, relation, operations, row })
    const valueAbove = async (field: string) =>
      row.get(field) ?? boundText(`${model.name}.${field}`, model.fields.get(field), data[field])
    await rewriteRelation(context, { model, name, relation, operations, valueAbove, row })
  }
}

function refuseMove(model: Model, name: string): never {
  const holder = model.referenced.get(name)
  throw new UnsupportedQueryError(
    holder === undefined || model.bound.includes(name)
      ? `${model.name}.${name} cannot be changed: ciphertext of the row is bound to it. Create a new row, and delete the old one.`
      : `${model.name}.${name} cannot be changed: ${holder} follows it, to which ciphertext is bound.`,
  )
}

/** Refuses operations on a relation that change a foreign key of this row to which ciphertext is bound. */
async function refuseMoveByRelation(
  context: WriteContext,
  {
    model,
    relation,
    operations,
    row,
  }: {
    readonly model: Model
    readonly relation: Relation
    readonly operations: Fields
    readonly row: RowValues
  },
): Promise<void> {
  for (const [index, from] of relation.from.entries()) {
    const to = relation.to[index]
    if (to === undefined || !isFixed(model, from)) continue
    const { connect, ...others } = operations
    if (isFields(connect)) {
      const related = context.schema.model(relation.model)
      if ((await valueOfConnected(context, { model: related, where: connect, to })) !== row.get(from))
        refuseMove(model, from)
    }
    for (const operation of ['create', 'connectOrCreate', 'disconnect', 'delete']) {
      if (others[operation] !== undefined) refuseMove(model, from)
    }
  }
}

function refuseIndexWrites(model: Model, data: Fields): void {
  for (const { field, of } of model.indexes.values()) {
    if (data[field] === undefined || data[field] === skip) continue
    throw new UnsupportedQueryError(
      `${model.name}.${field} is the blind index of ${of} and is written with it. Leave it out.`,
    )
  }
}

/** Puts ciphertext in place of values, and codes into blind indexes. */
function sealData(
  { work }: WriteContext,
  { model, data, row }: { readonly model: Model; readonly data: Fields; readonly row: RowValues },
): void {
  for (const [field, mark] of model.encrypted) {
    if (data[field] === undefined || data[field] === skip) continue
    const written = data[field]
    const isSet = mark.kind !== 'json' && isFields(written)
    if (isSet && (Object.keys(written).length !== 1 || !('set' in written))) {
      throw new UnsupportedQueryError(
        `${model.name}.${field} is encrypted: write its value, or { set: value }.`,
      )
    }
    const value = isSet ? written['set'] : written
    const index = model.indexes.get(field)
    if (!isGiven(value)) {
      if (index !== undefined && value !== undefined) data[index.field] = null
      continue
    }
    // Until it is encrypted, nothing stands there.
    delete data[field]
    work.seal({ model, field, mark, row }, value, (stored) => {
      data[field] = stored
    })
    if (index === undefined) continue
    work.add(async () => {
      data[index.field] = await work.indexer.indexOf(`${model.name}.${field}`, index, value)
    })
  }
}

function* relationsOf(model: Model): Generator<readonly [string, Relation]> {
  for (const [name, { relation }] of model.fields) if (relation !== undefined) yield [name, relation]
}

interface RelationWrite {
  readonly model: Model
  readonly name: string
  readonly relation: Relation
  readonly operations: Fields
  /** A value of the row above. */
  readonly valueAbove: (field: string) => Promise<string>
  /** The row above as it is; null if it is being created. */
  readonly row: RowValues | null
}

/** Rewrites what is done to the rows of a relation. */
async function rewriteRelation(context: WriteContext, write: RelationWrite): Promise<void> {
  const { relation, operations } = write
  const related = context.schema.model(relation.model)
  const held = related.fields.get(relation.inverse)?.relation
  const link: Link = new Map(
    (held?.from ?? []).map((from, index) => [from, () => write.valueAbove(held?.to[index] ?? '')]),
  )
  const movesBy = held?.from.find((from) => isFixed(related, from))
  const child: Child = { related, link, write }
  for (const [operation, value] of Object.entries(operations)) {
    if (value === undefined) continue
    switch (operation) {
      case 'create':
        for (const data of listOf(value))
          if (isFields(data)) await rewriteCreate(context, { model: related, data, link })
        break
      case 'createMany':
        for (const data of isFields(value) ? listOf(value['data']) : [])
          if (isFields(data)) await rewriteCreate(context, { model: related, data, link })
        break
      case 'connectOrCreate':
        if (movesBy !== undefined) refuseMoveOf(related, movesBy, operation)
        for (const each of listOf(value)) {
          if (!isFields(each)) continue
          if (isFields(each['create']))
            await rewriteCreate(context, { model: related, data: each['create'], link })
          rewriteWhere(context, related, each['where'])
        }
        break
      case 'connect':
      case 'set':
        if (movesBy !== undefined && listOf(value).length > 0) refuseMoveOf(related, movesBy, operation)
        for (const where of listOf(value)) rewriteWhere(context, related, where)
        break
      case 'disconnect':
        if (movesBy !== undefined && listOf(value).some((each) => each !== false))
          refuseMoveOf(related, movesBy, operation)
        for (const where of listOf(value)) rewriteWhere(context, related, where)
        break
      case 'delete':
      case 'deleteMany':
        for (const where of listOf(value)) rewriteWhere(context, related, where)
        break
      case 'updateMany':
        for (const each of listOf(value)) {
          if (!isFields(each)) continue
          rewriteUpdateMany(context, related, each)
        }
        break
      case 'update':
        operations[operation] = await mapped(value, (each) => rewriteNestedUpdate(context, child, each))
        break
      case 'upsert':
        operations[operation] = await mapped(value, (each) => rewriteNestedUpsert(context, child, each))
        break
      default:
        throw new UnsupportedQueryError(
          `${write.model.name}.${write.name}: the operation ${operation} is not known to @keystead/prisma.`,
        )
    }
  }
}

function refuseMoveOf(model: Model, name: string, operation: string): never {
  throw new UnsupportedQueryError(
    model.bound.includes(name)
      ? `${operation} would change ${model.name}.${name}, to which ciphertext of the row is bound. Create a new row, and delete the old one.`
      : `${operation} would change ${model.name}.${name}: ${model.referenced.get(name)} follows it, to which ciphertext is bound.`,
  )
}

async function mapped(value: unknown, change: (each: Fields) => Promise<Fields>): Promise<unknown> {
  if (!Array.isArray(value)) return isFields(value) ? change(value) : value
  const changed: unknown[] = []
  for (const each of value) changed.push(isFields(each) ? await change(each) : each)
  return changed
}

interface Child {
  readonly related: Model
  readonly link: Link
  readonly write: RelationWrite
}

async function rewriteNestedUpdate(context: WriteContext, child: Child, update: Fields): Promise<Fields> {
  const { related, write } = child
  const isWrapped =
    write.relation.isList ||
    ('data' in update && Object.keys(update).every((key) => key === 'data' || key === 'where'))
  if (isWrapped && !write.relation.isList && related.fields.has('data')) {
    throw new UnsupportedQueryError(
      `${write.model.name}.${write.name}: update with "data" can be read in two ways, since ${related.name} has a field of this name. Update ${related.name} by itself.`,
    )
  }
  const data = isWrapped ? update['data'] : update
  const where: Fields = isWrapped && isFields(update['where']) ? update['where'] : {}
  if (!isFields(data)) return update
  async function find(): Promise<FoundRow> {
    const found = await findChild(context, child, where)
    if (found === null) throw noRecord(context, write)
    return found
  }
  return (await rewriteRowUpdate(context, { model: related, data, where, find })) ?? update
}

async function rewriteNestedUpsert(context: WriteContext, child: Child, upsert: Fields): Promise<Fields> {
  const { related, link } = child
  const { create, update } = upsert
  const where: Fields = isFields(upsert['where']) ? upsert['where'] : {}
  if (isFields(create)) await rewriteCreate(context, { model: related, data: create, link })
  if (!isFields(update)) return upsert
  const find = () => findChild(context, child, where)
  const changed = await rewriteRowUpdate(context, { model: related, data: update, where, find })
  return changed === null ? upsert : { where: changed.where, create, update: changed.data }
}

interface RowUpdate {
  readonly model: Model
  readonly data: Fields
  readonly where: Fields
  /** Finds the row. */
  find(): Promise<FoundRow | null>
}

/**
 * Rewrites an update of one row, in place. If the row must be read first, it gives what to write and a condition that holds
 * as long as the row is the same: without a row, nothing and never. Null if nothing else changes.
 */
async function rewriteRowUpdate(
  context: WriteContext,
  { model, data, where, find }: RowUpdate,
): Promise<{ readonly where: Fields; readonly data: Fields } | null> {
  rewriteWhere(context, model, where)
  if (!needsRow(context, model, data)) {
    await rewriteUpdate(context, { model, data, row: new Map() })
    return null
  }
  await context.work.finish()
  const found = await find()
  // Prisma says that there is no such row, and has no data that it could write.
  if (found === null) return { where: withCondition(where, nothing), data: {} }
  await rewriteUpdate(context, { model, data, row: found.row })
  return { where: withCondition(where, found.guard), data }
}

/** The row of a relation that an update is for, with a condition that holds as long as it is the same. */
async function findChild(
  context: WriteContext,
  { related, write }: Child,
  where: Fields,
): Promise<FoundRow | null> {
  const { model, relation, row } = write
  const above: Fields = {}
  for (const name of model.id) {
    const value = row?.get(name)
    if (value === undefined) return null
    above[name] = valueForQuery(model, name, value)
  }
  const isListAbove = related.fields.get(relation.inverse)?.relation?.isList === true
  const condition = {
    AND: [flattenUnique(related, where), { [relation.inverse]: { [isListAbove ? 'some' : 'is']: above } }],
  }
  return findRow(context, related, condition)
}

/** What Prisma throws for a nested update of a row that is not there. */
function noRecord({ clientVersion }: WriteContext, { model, name, relation }: RelationWrite): Error {
  return new PrismaClientKnownRequestError(
    `An operation failed because it depends on one or more records that were required but not found. No '${relation.model}' record was found for a nested update on ${model.name}.${name}.`,
    { code: 'P2025', clientVersion },
  )
}

interface FoundRow {
  readonly row: RowValues
  readonly guard: Fields
}

async function findRow(context: WriteContext, model: Model, where: Fields): Promise<FoundRow | null> {
  const names = [
    ...new Set([...model.id, ...model.bound, ...model.referenced.keys(), ...linkedFields(context, model)]),
  ]
  const found = await context.reader.first(model, where, names)
  if (found === null) return null
  const guardNames = [...new Set([...model.id, ...model.bound, ...model.referenced.keys()])]
  const guard = Object.fromEntries(guardNames.map((name) => [name, found[name]]))
  const present = names.filter((name) => isBindableValue(found[name]))
  const row = rowValuesOf(model, present, found)
  return row === null ? null : { row, guard }
}

function isBindableValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value)
}

/** Fields that foreign keys of other models hold. */
function linkedFields({ schema }: WriteContext, model: Model): string[] {
  return [...relationsOf(model)].flatMap(([, relation]) => {
    const inverse = schema.model(relation.model).fields.get(relation.inverse)?.relation
    return [...(inverse?.to ?? [])]
  })
}

function valueForQuery(model: Model, name: string, text: string): unknown {
  const type = model.fields.get(name)?.type
  if (type === 'Int') return Number(text)
  return type === 'BigInt' ? BigInt(text) : text
}

function withCondition(where: Fields, condition: Fields): Fields {
  return { ...where, AND: [condition, ...('AND' in where ? listOf(where['AND']) : [])] }
}

/** Whether a row must be read before an update: a value is encrypted for it, or it is moved, or a row below it needs it. */
function needsRow(context: WriteContext, model: Model, data: Fields): boolean {
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined || value === skip) continue
    if (model.encrypted.has(name) && isGiven(value)) return true
    if (isFixed(model, name)) return true
    const relation = model.fields.get(name)?.relation
    if (relation === undefined || !isFields(value)) continue
    if (relation.from.some((from) => isFixed(model, from))) return true
    if (isEncryptedBelow(context, context.schema.model(relation.model), value)) return true
  }
  return false
}

/** Whether something below a relation is encrypted or bound. Errs on the side of yes. */
function isEncryptedBelow(context: WriteContext, model: Model, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((each) => isEncryptedBelow(context, model, each))
  if (!isFields(value)) return false
  return Object.entries(value).some(([name, inner]) => {
    if (model.encrypted.has(name) || isFixed(model, name)) return true
    const facts = model.fields.get(name)
    if (facts?.relation?.from.some((from) => isFixed(model, from))) return true
    if (facts?.relation !== undefined)
      return isEncryptedBelow(context, context.schema.model(facts.relation.model), inner)
    return facts === undefined && isEncryptedBelow(context, model, inner)
  })
}

/** Rewrites `update`: its row is read first if something is encrypted for it. */
export function rewriteRootUpdate(context: WriteContext, model: Model, args: Fields): Promise<void> {
  return rewriteRoot(context, model, { args, name: 'data' })
}

/** Rewrites `upsert`. If the row appears or changes meanwhile, it is not written. */
export async function rewriteRootUpsert(context: WriteContext, model: Model, args: Fields): Promise<void> {
  const { create } = args
  if (isFields(create)) await rewriteCreate(context, { model, data: create, link: noLink })
  await rewriteRoot(context, model, { args, name: 'update' })
}

async function rewriteRoot(
  context: WriteContext,
  model: Model,
  { args, name }: { readonly args: Fields; readonly name: 'data' | 'update' },
): Promise<void> {
  const data = args[name]
  const where = isFields(args['where']) ? args['where'] : {}
  if (!isFields(data)) {
    rewriteWhere(context, model, where)
    return
  }
  const find = () => findRow(context, model, where)
  const changed = await rewriteRowUpdate(context, { model, data, where, find })
  if (changed === null) return
  args['where'] = changed.where
  args[name] = changed.data
}

/** Rewrites `createMany`, whose rows have no relations. */
export async function rewriteCreateMany(context: WriteContext, model: Model, args: Fields): Promise<void> {
  for (const data of listOf(args['data']))
    if (isFields(data)) await rewriteCreate(context, { model, data, link: noLink })
}

/** Rewrites `updateMany`. One value cannot be written into many rows, since each has a ciphertext of its own. */
export function rewriteUpdateMany(context: WriteContext, model: Model, args: Fields): void {
  rewriteWhere(context, model, args['where'])
  const data = isFields(args['data']) ? args['data'] : {}
  refuseIndexWrites(model, data)
  for (const [name, mark] of model.encrypted) {
    const written = data[name]
    const value = mark.kind !== 'json' && isFields(written) ? written['set'] : written
    if (isGiven(value)) {
      throw new UnsupportedQueryError(
        `updateMany cannot write ${model.name}.${name}: each row has a ciphertext of its own. Update the rows one by one, in a transaction.`,
      )
    }
  }
  for (const name of new Set([...model.bound, ...model.referenced.keys()]))
    if (data[name] !== undefined && data[name] !== skip) refuseMove(model, name)
  sealData(context, { model, data, row: new Map() })
}
