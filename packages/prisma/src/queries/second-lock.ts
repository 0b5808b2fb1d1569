import { isDbNull, skip } from '@prisma/client/runtime/client'
import type { Model, Schema } from '../fields/encrypted-fields.ts'
import { isFields } from '../fields/rows.ts'
import type { Work } from './work.ts'

/**
 * Throws an error if an encrypted field of a query holds anything but ciphertext that was made for it. It knows nothing of
 * the operations of Prisma, so that one which the rewriting overlooks is stopped here.
 */
export function requireSealed(
  { schema, work }: { readonly schema: Schema; readonly work: Work },
  model: Model,
  data: unknown,
): void {
  if (Array.isArray(data)) {
    for (const each of data) requireSealed({ schema, work }, model, each)
    return
  }
  if (!isFields(data)) {
    if (typeof data !== 'object' || data === null || data === skip || isDbNull(data)) return
    throw new TypeError(
      `The data of ${model.name} has an object of the class ${data.constructor?.name ?? 'unknown'} where fields are expected, which cannot be checked for plaintext. Nothing was written. Use a plain object.`,
    )
  }
  for (const [name, value] of Object.entries(data)) {
    const facts = model.fields.get(name)
    if (model.encrypted.has(name)) {
      if (work.isSealed(value) || isNothing(value)) continue
      throw new Error(
        `${model.name}.${name} would be stored as plaintext. Nothing was written. This is a mistake of @keystead/prisma: please report the query.`,
      )
    }
    if (facts === undefined) requireSealed({ schema, work }, model, value)
    else if (facts.relation !== undefined)
      requireSealed({ schema, work }, schema.model(facts.relation.model), value)
  }
}

/** No value, null, or a condition that asks for null. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === skip || isDbNull(value)) return true
  return isFields(value) && Object.values(value).every(isNothing)
}
