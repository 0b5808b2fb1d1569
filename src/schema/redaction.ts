import type { FullUserKeyView, ServiceKeyView, UserKeyView } from '../keys/reading/views.ts'

type KeyView = UserKeyView | ServiceKeyView

const hidden = new Error('hidden from this caller')

/**
 * Options of every field that a redacted key hides: null unless the key is whole for the caller. The view of a redacted
 * key does not hold the value in the first place; this is the second lock, which does not rely on the first.
 */
export const hiddenWhenRedacted = {
  authScopes: (key: KeyView) => ({ wholeKey: key }),
  // Never thrown: made once, since an error of its own for each hidden field costs a tenth of a page of redacted keys.
  unauthorizedError: () => hidden,
  unauthorizedResolver: () => null,
}

/** Reads a field of whole keys; null for a redacted one. */
export function ofWhole<Value>(
  read: (key: FullUserKeyView | ServiceKeyView) => Value,
): (key: KeyView) => Value | null {
  return (key) => (key.access === 'full' ? read(key) : null)
}
