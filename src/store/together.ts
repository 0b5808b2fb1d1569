import { AsyncLocalStorage } from 'node:async_hooks'

/** Told that a statement is on its way. */
const sending = new AsyncLocalStorage<() => void>()

/** Tells that a statement was handed to a connection that carries out its statements in order. For drivers. */
export function tellSent(): void {
  sending.getStore()?.()
}

/** Work that sends a statement, or several by `sentTogether`, before it waits for anything else. */
type Work = () => PromiseLike<unknown>

/** What works resolve to. */
type Answers<Works extends readonly (Work | null)[]> = {
  -readonly [Place in keyof Works]: Works[Place] extends () => PromiseLike<infer Answer> ? Answer : null
}

/**
 * Starts each work when the statement of the one before it was sent, without waiting for its answer: these statements take
 * one round trip, and the database carries them out in this order. Where the driver does not tell that a statement is on its
 * way, and outside of transactions, each waits for the one before. Throws the error of the first that failed: in a
 * transaction, all after it fail because of it.
 */
export async function sentTogether<const Works extends readonly (Work | null)[]>(
  ...works: Works
): Promise<Answers<Works>> {
  const tellOuter = sending.getStore()
  const outcomes: Promise<unknown>[] = []
  let hasFailed = false
  for (const work of works) {
    if (work === null || hasFailed) {
      outcomes.push(Promise.resolve(null))
      continue
    }
    await new Promise<void>((resolve) => {
      const outcome = sending.run(resolve, async () => work())
      outcomes.push(outcome)
      outcome.then(
        () => resolve(),
        () => {
          hasFailed = true
          resolve()
        },
      )
    })
  }
  tellOuter?.()
  const settled = await Promise.allSettled(outcomes)
  const failed = settled.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return settled.map((each) => (each.status === 'fulfilled' ? each.value : null)) as Answers<Works>
}
