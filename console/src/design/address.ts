import { useSearchParams } from 'wouter'

/** What the query part of the address says, and how to change it. */
export interface Address {
  get(name: string): string | null
  getAll(name: string): readonly string[]
  /** Changes some parameters: null or an empty list removes one. With `replace`, Back does not return to what was before. */
  set(
    changes: Readonly<Record<string, string | readonly string[] | null>>,
    options?: { replace?: boolean },
  ): void
}

/** Filters, order, page and selection live in the address, so that it can be shared and Back works. */
export function useAddress(): Address {
  const [parameters, setParameters] = useSearchParams()
  return {
    get: (name) => parameters.get(name),
    getAll: (name) => parameters.getAll(name),
    set: (changes, options = {}) =>
      setParameters((before) => {
        const next = new URLSearchParams(before)
        for (const [name, value] of Object.entries(changes)) {
          next.delete(name)
          for (const each of [value ?? []].flat()) if (each !== '') next.append(name, each)
        }
        return next
      }, options),
  }
}
