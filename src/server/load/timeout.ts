/** Whether something ends within so many milliseconds; a failure is an end. */
export async function isWithin(ms: number, ending: Promise<unknown>): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  const ended = ending.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([ended, timedOut])
  } finally {
    clearTimeout(timer)
  }
}
