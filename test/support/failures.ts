import { isRetryable, isUnavailable, isUniqueViolation } from '../../src/store/errors.ts'

/** What some work failed with; null if it did not. */
export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

/** What the store says about an error. */
export const kindsOf = (error: unknown) => ({
  unique: isUniqueViolation(error),
  retryable: isRetryable(error),
  unavailable: isUnavailable(error),
})
