import type { Model } from '../fields/encrypted-fields.ts'
import { type Fields, isFields } from '../fields/rows.ts'

/** A promise of Prisma: it can join a transaction. */
interface QueryPromise extends Promise<unknown> {
  requestTransaction?(transaction: unknown): Promise<unknown>
}

/** Methods of one model of a Prisma client. */
export type Delegate = Readonly<Record<string, (args: Fields) => QueryPromise>>

/** Reads rows before a query is changed. */
export interface RowReader {
  /** Some fields of the first row that fits. Null if there is none. */
  first(model: Model, where: Fields, names: readonly string[]): Promise<Fields | null>
}

/** Methods of a model of a client, which Prisma names with a small letter. */
export function delegateOf(client: object, model: string): Delegate {
  const name = `${model.charAt(0).toLowerCase()}${model.slice(1)}`
  const delegate = (client as Readonly<Record<string, Delegate | undefined>>)[name]
  if (delegate === undefined)
    throw new TypeError(`The client has no model ${name}. Run \`npx prisma generate\`.`)
  return delegate
}

/**
 * Reads through a client that knows nothing of encryption. Inside of an interactive transaction it reads there; before the
 * queries of an array of `$transaction`, it reads what was there before.
 */
export function createRowReader(client: object, transaction: unknown): RowReader {
  const isInteractive = (transaction as { readonly kind?: unknown } | undefined)?.kind === 'itx'
  return {
    async first(model, where, names) {
      const select = Object.fromEntries(names.map((name) => [name, true]))
      const args = { where: flattenUnique(model, where), select }
      const promise = delegateOf(client, model.name)['findFirst']?.(args)
      const joined = isInteractive ? promise?.requestTransaction?.(transaction) : promise
      return ((await joined) ?? null) as Fields | null
    },
  }
}

/** A condition on unique fields as an ordinary one: names of sets of fields become their fields. */
export function flattenUnique(model: Model, where: Fields): Fields {
  const flat: Fields = {}
  for (const [name, value] of Object.entries(where)) {
    if (!model.fields.has(name) && model.sets.has(name) && isFields(value)) Object.assign(flat, value)
    else flat[name] = value
  }
  return flat
}
