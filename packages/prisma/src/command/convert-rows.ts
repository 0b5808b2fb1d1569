import { AnyNull } from '@prisma/client/runtime/client'
import type { EncryptionParts } from '../extension.ts'
import { indexVersionOf } from '../fields/blind-index.ts'
import type { EncryptedMark, Model } from '../fields/encrypted-fields.ts'
import { type Fields, type RowValues, rowValuesOf } from '../fields/rows.ts'
import { type Place, storedKeyOf } from '../fields/sealer.ts'
import { delegateOf } from '../queries/row-reader.ts'

/** What is done to the rows of a model. */
export type Direction = 'encrypt' | 'rotate' | 'decrypt'

/** What was found and done so far. */
export interface Counts {
  rows: number
  /** Rows that were written, or would be. */
  changed: number
  /** Rows that were as they should be. */
  unchanged: number
  /** Rows that another writer changed each time they were to be written. */
  busy: number
  /** Values that do not open or cannot be written; their rows are left as they are. */
  unreadable: string[]
  /** Values by their state: "email: version 2 of ukey_…", "email: plaintext". */
  readonly values: Map<string, number>
}

/** What to convert, and how. */
export interface Conversion {
  readonly parts: EncryptionParts
  readonly model: Model
  readonly direction: Direction
  readonly batchSize: number
  readonly isDryRun: boolean
  /** Called after each batch, with the ID of its last row. */
  onProgress(counts: Counts, last: string): void
}

/** How often a row is tried that another writer changes at the same time. */
const triesMax = 5
/** Rows that are written at a time. */
const writesAtOnce = 8

/**
 * Encrypts, renews or decrypts the values of all rows of a model, in batches in the order of their IDs. A row is written only
 * if it is still as it was read. What is done is seen from the rows, so that a second run goes on where the first one ended.
 */
export async function convertRows(conversion: Conversion): Promise<Counts> {
  const { parts, model, batchSize } = conversion
  const counts: Counts = { rows: 0, changed: 0, unchanged: 0, busy: 0, unreadable: [], values: new Map() }
  const current = await currentKeysOf(conversion)
  const rows = delegateOf(parts.client, model.name)
  const select = Object.fromEntries(columnsOf(model).map((name) => [name, true]))
  const orderBy = model.id.map((name) => ({ [name]: 'asc' }))
  for (let last: Fields | null = null; ; ) {
    const where: Fields = last === null ? {} : after(model, last)
    const batch = (await rows['findMany']?.({ where, select, orderBy, take: batchSize })) as Fields[]
    // All that Keystead is asked for comes before the first row is written.
    const changes = await Promise.all(batch.map((row) => changeOf(conversion, current, counts, row)))
    for (let start = 0; start < batch.length; start += writesAtOnce) {
      const part = batch.slice(start, start + writesAtOnce)
      await Promise.all(
        part.map((row, index) =>
          writeRow(conversion, current, { counts, row, change: changes[start + index] ?? null }),
        ),
      )
    }
    last = batch.at(-1) ?? null
    if (last === null) return counts
    conversion.onProgress(counts, idText(model, last))
    if (batch.length < batchSize) return counts
  }
}

function columnsOf(model: Model): string[] {
  const indexes = [...model.indexes.values()].map(({ field }) => field)
  return [...new Set([...model.bound, ...model.encrypted.keys(), ...indexes])]
}

/** A condition for rows whose ID comes after that of a row. */
function after({ id }: Model, row: Fields): Fields {
  const cases = id.map((name, index) => ({
    ...Object.fromEntries(id.slice(0, index).map((before) => [before, row[before]])),
    [name]: { gt: row[name] },
  }))
  return { OR: cases }
}

function idText({ id }: Model, row: Fields): string {
  return id.map((name) => `${name} ${String(row[name])}`).join(', ')
}

/** The versions that protect new data. */
interface CurrentKeys {
  of(mark: EncryptedMark): { readonly keyId: string; readonly versionNumber: number }
}

async function currentKeysOf({ parts: { keystead }, model }: Conversion): Promise<CurrentKeys> {
  const names = [...model.encrypted.values(), ...model.indexes.values()].map(({ key }) => key)
  const versions = new Map<string, { keyId: string; versionNumber: number }>()
  await Promise.all(
    [...new Set(names)].map(async (key) => {
      const found = await keystead.userKey({ key })
      if (found === null) throw new Error(`Keystead has no key ${key}, which ${model.name} names.`)
      const version = found.defaultVersion
      if (version === null)
        throw new Error(`The key ${key} has no version for new data, or the caller has no access to it.`)
      versions.set(key, { keyId: found.id, versionNumber: Number(version.number) })
    }),
  )
  return { of: ({ key }) => versions.get(key) ?? { keyId: '', versionNumber: 0 } }
}

/** What a row shall have; null if it stays as it is. */
async function changeOf(
  conversion: Conversion,
  current: CurrentKeys,
  counts: Counts | null,
  row: Fields,
): Promise<Fields | null> {
  const { model } = conversion
  const values = rowValuesOf(model, model.bound, row)
  if (values === null) throw new Error(`A row of ${model.name} has no ${model.bound.join(' or ')}.`)
  const data: Fields = {}
  try {
    await Promise.all(
      [...model.encrypted].map(([field, mark]) =>
        changeValue(conversion, { current, counts, row, values, data, field, mark }),
      ),
    )
  } catch (error) {
    const { name, message } = error as Error
    // A value that cannot be encrypted, such as one with no blind index, does not stop the other rows.
    if (name === 'UnsupportedQueryError')
      counts?.unreadable.push(`${message} The row has ${idText(model, row)}.`)
    else if (name === 'UnreadableValueError') counts?.unreadable.push(message)
    else throw error
    return null
  }
  return Object.keys(data).length === 0 ? null : data
}

interface ValueChange {
  readonly current: CurrentKeys
  readonly counts: Counts | null
  readonly row: Fields
  readonly values: RowValues
  readonly data: Fields
  readonly field: string
  readonly mark: EncryptedMark
}

async function changeValue(
  { parts, model, direction, isDryRun }: Conversion,
  { current, counts, row, values, data, field, mark }: ValueChange,
): Promise<void> {
  const stored = row[field]
  const index = model.indexes.get(field)
  if (stored === null || stored === undefined) return
  const place: Place = { model, field, mark, row: values }
  const key = storedKeyOf(mark, stored)
  count(
    counts,
    key === null ? `${field}: plaintext` : `${field}: version ${key.versionNumber} of ${key.keyId}`,
  )
  const { keyId, versionNumber } = current.of(mark)
  const isCurrent = key?.keyId === keyId && key.versionNumber === versionNumber
  const indexVersion = index === undefined ? null : indexVersionOf(row[index.field])
  if (index !== undefined)
    count(
      counts,
      `${index.field}: ${indexVersion === null ? 'none' : `version ${indexVersion} of ${index.key}`}`,
    )
  if (direction === 'decrypt') {
    if (key !== null) data[field] = await parts.sealer.open(place, stored)
    if (index !== undefined && row[index.field] !== null) data[index.field] = null
    return
  }
  const isToBeSealed = direction === 'encrypt' ? key === null : key !== null && !isCurrent
  // Ciphertext is opened although it stays, so that what does not open is found out here.
  const value = key === null ? stored : await parts.sealer.open(place, stored)
  if (direction === 'rotate' && key === null) return
  if (isToBeSealed) data[field] = isDryRun ? null : await parts.sealer.seal(place, value)
  if (index === undefined) return
  // Not judged by its version: another writer of the database may have put any code there.
  const code = await parts.indexer.indexOf(`${model.name}.${field}`, index, value)
  if (code !== row[index.field]) data[index.field] = code
}

function count(counts: Counts | null, state: string): void {
  counts?.values.set(state, (counts.values.get(state) ?? 0) + 1)
}

/** Writes a row if it is still as it was read; otherwise reads it again. */
async function writeRow(
  conversion: Conversion,
  current: CurrentKeys,
  { counts, row, change }: { readonly counts: Counts; readonly row: Fields; readonly change: Fields | null },
): Promise<void> {
  const { parts, model, isDryRun } = conversion
  counts.rows += 1
  if (change === null || isDryRun) {
    counts[change === null ? 'unchanged' : 'changed'] += 1
    return
  }
  const rows = delegateOf(parts.client, model.name)
  let [present, data]: [Fields, Fields] = [row, change]
  for (let tries = 0; tries < triesMax; tries += 1) {
    const written = await rows['updateMany']?.({ where: sameAs(model, present), data }).catch(
      (error: unknown) => {
        if ((error as { readonly code?: unknown }).code !== 'P2002') throw error
        return null
      },
    )
    if (written === null) {
      const indexes = [...model.indexes.values()].map(({ field }) => field).filter((field) => field in data)
      counts.unreadable.push(
        `${model.name} with ${idText(model, row)}: another row has an equal value after normalisation (unique ${indexes.join(' or ')}). Change one of them, and run the command again.`,
      )
      return
    }
    if ((written as { readonly count: number }).count === 1) {
      counts.changed += 1
      return
    }
    const select = Object.fromEntries(columnsOf(model).map((name) => [name, true]))
    const id = Object.fromEntries(model.id.map((name) => [name, row[name]]))
    const again = (await rows['findFirst']?.({ where: id, select })) as Fields | null
    const next = again === null ? null : await changeOf(conversion, current, null, again)
    if (again === null || next === null) {
      counts.unchanged += 1
      return
    }
    ;[present, data] = [again, next]
  }
  counts.busy += 1
}

/** A condition that holds as long as a row is as it was read. */
function sameAs(model: Model, row: Fields): Fields {
  return {
    AND: columnsOf(model).map((name) => {
      const value = row[name]
      if (value === null && model.encrypted.get(name)?.kind === 'json') return { [name]: { equals: AnyNull } }
      return { [name]: model.encrypted.get(name)?.kind === 'json' ? { equals: value } : value }
    }),
  }
}
