/** Longest work in a row, in milliseconds, before other tasks of the program get their turn. */
const stretchMs = 10

// Taken once: tests replace the timers of the platform. Browsers have none, and no work that needs it.
const { setImmediate: afterOtherTasks } = globalThis as { readonly setImmediate?: (task: () => void) => void }

/** End of the work in a row; null if there was none since other tasks had their turn. */
let endsAt: number | null = null
/** Work that waits for the next turn, in the order of its arrival. */
const waiting = new Set<() => void>()

/**
 * Does short synchronous work: at once, or after other tasks had their turn where much of it was done in a row. Its
 * caller gets a promise then.
 */
export function doInTurn<Result>(work: () => Result): Result | Promise<Result> {
  if (afterOtherTasks === undefined || (waiting.size === 0 && hasTime(afterOtherTasks))) return work()
  return new Promise((resolve, reject) => {
    waiting.add(() => {
      try {
        resolve(work())
      } catch (error) {
        reject(error)
      }
    })
  })
}

function hasTime(later: (task: () => void) => void): boolean {
  const now = performance.now()
  if (endsAt === null) {
    endsAt = now + stretchMs
    later(() => {
      endsAt = null
      for (const job of waiting) {
        if (!hasTime(later)) return
        waiting.delete(job)
        job()
      }
    })
  }
  return now < endsAt
}
