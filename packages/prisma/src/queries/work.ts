import type { BlindIndexer } from '../fields/blind-index.ts'
import type { Place, Sealer, Stored } from '../fields/sealer.ts'

/** What one query has to ask of Keystead before it is sent. All of it is asked at the same time, and so in one batch. */
export interface Work {
  readonly indexer: BlindIndexer
  /** Adds something to be done. */
  add(job: () => Promise<void>): void
  /** Adds a value to be encrypted. */
  seal(place: Place, value: unknown, set: (stored: Stored) => void): void
  /** Whether a value was encrypted for this query. */
  isSealed(value: unknown): boolean
  /** Does what was added. If something fails, nothing of the query may be sent. */
  finish(): Promise<void>
}

/** Begins the work of a query. */
export function createWork({
  sealer,
  indexer,
}: {
  readonly sealer: Sealer
  readonly indexer: BlindIndexer
}): Work {
  const jobs: (() => Promise<void>)[] = []
  const sealed = new Set<unknown>()
  return {
    indexer,
    add: (job) => void jobs.push(job),
    seal(place, value, set) {
      jobs.push(async () => {
        const stored = await sealer.seal(place, value)
        sealed.add(stored)
        set(stored)
      })
    },
    isSealed: (value) => sealed.has(value),
    async finish() {
      await Promise.all(jobs.splice(0).map((job) => job()))
    },
  }
}
