import type { FullKeyView, KeyView } from '../keys/reading/views.ts'
import type { Context } from './context.ts'
import type { listOptions } from './list-limits.ts'

const notShown = new Error('hidden from this caller')

/** Scope of the fields that a redacted key hides: they are null unless the key is whole for the caller. */
export const wholeKeyOnly = {
  authScopes: (key: KeyView) => ({ wholeKey: key }),
  // Made once and never thrown: an error for each hidden field costs a tenth of a page of redacted keys.
  unauthorizedError: () => notShown,
  unauthorizedResolver: () => null,
}

/**
 * Options of a field that a redacted key hides. The view of a redacted key does not hold the value at all. The scope of
 * the field is a second lock, which does not rely on the first.
 *
 * @param field description of the field, or the options of a list
 */
export function hidden<Value, Args = unknown, Key extends FullKeyView = FullKeyView>(
  field: string | ReturnType<typeof listOptions>,
  read: (key: Key, args: Args, context: Context) => Value,
) {
  return { ...visible(field, read), description: `${describe(field)} Null when redacted.` }
}

function describe(field: string | ReturnType<typeof listOptions>): string {
  return typeof field === 'string' ? field : field.description
}

/** Options of the same field of a type that is never redacted. It can be null as well: one name has one type. */
function visible<Value, Args = unknown, Key extends FullKeyView = FullKeyView>(
  field: string | ReturnType<typeof listOptions>,
  read: (key: Key, args: Args, context: Context) => Value,
) {
  return {
    ...(typeof field === 'string' ? {} : field),
    description: describe(field),
    nullable: true as const,
    ...wholeKeyOnly,
    resolve: (key: Key | Exclude<KeyView, FullKeyView>, args: Args, context: Context) =>
      key.access === 'full' ? read(key, args, context) : null,
  }
}

/**
 * Options of a field that answers the same for every redacted key instead of null: one that is never null, or where null
 * says something of the key.
 *
 * @param standIn the answer for redacted keys
 */
function hiddenBehind<const StandIn, Value>(
  standIn: { readonly value: StandIn; readonly description: string },
  description: string,
  read: (key: FullKeyView) => Value,
) {
  return {
    ...visibleBesides(standIn, description, read),
    description: `${description} ${standIn.description} when redacted.`,
  }
}

/** Options of the same field of a type that is never redacted. */
function visibleBesides<const StandIn, Value>(
  { value }: { readonly value: StandIn; readonly description: string },
  description: string,
  read: (key: FullKeyView) => Value,
) {
  return {
    ...wholeKeyOnly,
    description,
    unauthorizedResolver: () => value,
    resolve: (key: KeyView) => (key.access === 'full' ? read(key) : value),
  }
}

/** Options of the fields of a type that may be redacted. */
export const redactable = { hidden, hiddenBehind }

/** Options of the same fields of a type that is never redacted. */
export const neverRedacted: typeof redactable = { hidden: visible, hiddenBehind: visibleBesides }
