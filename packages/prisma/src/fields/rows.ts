import { UnsupportedQueryError } from '../errors.ts'
import type { FieldFacts, Model } from './encrypted-fields.ts'

/** Fields of an object of Prisma. */
export type Fields = Record<string, unknown>

/** Values to which ciphertext of a row is bound, as text, by the name of the field. */
export type RowValues = ReadonlyMap<string, string>

/** Checks whether a value is an object of fields, and not a list, a date, bytes or an object of a class. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A value or a list of values as a list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The text of a value to which ciphertext is bound: the same for what is written and for what the database returns. */
export function boundText(place: string, facts: FieldFacts | undefined, value: unknown): string {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)))
    return String(value)
  if (typeof value !== 'string') {
    throw new UnsupportedQueryError(
      `${place} must be a string or an integer, got ${typeof value}: ciphertext of its row is bound to it.`,
    )
  }
  if (facts?.isUuid) {
    if (!uuid.test(value)) throw new UnsupportedQueryError(`${place} must be a UUID with hyphens.`)
    return value.toLowerCase()
  }
  if (!value.isWellFormed())
    throw new UnsupportedQueryError(`${place} has half of a surrogate pair: it is no Unicode text.`)
  return value
}

/** Values of fields of a row that was read; null if one of them is not there. */
export function rowValuesOf(model: Model, names: readonly string[], row: Fields): RowValues | null {
  const values = new Map<string, string>()
  for (const name of names) {
    const value = row[name]
    if (value === undefined || value === null) return null
    values.set(name, boundText(`${model.name}.${name}`, model.fields.get(name), value))
  }
  return values
}
