import { setTimeout as wait } from 'node:timers/promises'
import { KeysteadError, KeysteadUnreachableError } from '../keystead-client.ts'

/** How often to try, and how long to wait in between. */
export interface RetryOptions {
  readonly attemptsMax: number
  /** Before the second attempt; twice as long before each one after it. */
  readonly firstDelayMs: number
}

/**
 * Repeats what failed because Keystead could not be asked, or could not do its work just then. Only for what may happen
 * twice: a data key more, or one opened again, costs an audit record. Any other refusal would be the same again.
 */
export async function withRetry<T>(
  operation: () => Promise<T>,
  { attemptsMax, firstDelayMs }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation()
    } catch (error) {
      if (!isPassing(error) || attempt === attemptsMax) throw error
      // At random, so that the instances of a service do not all come back at the same moment.
      await wait(firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2))
    }
  }
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof KeysteadUnreachableError ||
    (error instanceof KeysteadError && error.code === 'UNAVAILABLE')
  )
}
