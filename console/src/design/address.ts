import { useLocation, useSearchParams } from 'wouter'

/** What to change of the query part of the address: null or an empty list removes a parameter. */
export type AddressChanges = Readonly<Record<string, string | readonly string[] | null>>

/** What the query part of the address says, and how to change it. */
export interface Address {
  get(name: string): string | null
  getAll(name: string): readonly string[]
  /** Changes some parameters. With `replace`, Back does not return to what was before. */
  set(changes: AddressChanges, options?: { replace?: boolean }): void
  /** The address with these changes, for a link. */
  link(changes: AddressChanges): string
}

/** Filters, order, page and selection live in the address, so that it can be shared and Back works. */
export function useAddress(): Address {
  const [parameters, setParameters] = useSearchParams()
  const [path] = useLocation()
  return {
    get: (name) => parameters.get(name),
    getAll: (name) => parameters.getAll(name),
    set: (changes, options = {}) => setParameters((before) => changed(before, changes), options),
    link(changes) {
      const query = changed(parameters, changes).toString()
      return query === '' ? path : `${path}?${query}`
    },
  }
}

function changed(before: URLSearchParams, changes: AddressChanges): URLSearchParams {
  const next = new URLSearchParams(before)
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name)
    for (const each of [value ?? []].flat()) if (each !== '') next.append(name, each)
  }
  return next
}
