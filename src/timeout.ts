/**
 * Settles like the promise if that settles within `ms`, else like `onTimeout`. A timeout does not stop what the promise
 * stands for.
 */
export async function within<T, U>(ms: number, promise: Promise<T>, onTimeout: () => U): Promise<T | U> {
  const { promise: timedOut, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  try {
    return await Promise.race([promise, timedOut.then(onTimeout)])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves to true if the promise settles within `ms`; a rejection counts as settled. */
export function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  return within(ms, settled, () => false)
}
