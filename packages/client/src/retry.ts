import { ConnectionError, RateLimitedError, UnavailableError, UnexpectedAnswerError } from './errors.ts'
import { operations } from './generated/operations.ts'

/** Name of an operation of the API. */
export type OperationName = keyof typeof operations

/**
 * Mutations that can be sent again after an answer was lost: a second time costs an audit record and nothing else. A
 * mutation that is not named is never repeated unless the server says that nothing was done.
 */
const repeatable: ReadonlySet<OperationName> = new Set<OperationName>([
  'encrypt',
  'encryptBatch',
  'decrypt',
  'decryptBatch',
  'reEncrypt',
  'reEncryptBatch',
  'generateDataKey',
  'generateDataKeyPair',
  'sign',
  'signBatch',
  'verify',
  'verifyBatch',
  'generateMac',
  'generateMacBatch',
  'verifyMac',
  'encapsulate',
  'decapsulate',
  'deriveSharedSecret',
  'generateRandom',
  'encryptWithServiceKey',
  'decryptWithServiceKey',
  'generateServiceDataKey',
])

/** Checks whether an operation can be sent again after its answer was lost. */
export function isRepeatable(name: OperationName): boolean {
  return operations[name].kind !== 'mutation' || repeatable.has(name)
}

/** Before the second attempt a random time up to this; twice as much before each one after it. */
const firstDelayMs = 200
const delayMsMax = 5000

/** What a decision about another attempt depends on. */
interface Failure {
  readonly error: unknown
  readonly isRepeatable: boolean
  /** Attempts so far, from 1. */
  readonly attempts: number
  /** From 0 to 1. */
  readonly random: number
}

/**
 * How long to wait before the next attempt, in milliseconds; null for none. The wait is random ("full jitter"), so that
 * many clients do not come back at once, and follows what the server asks for.
 */
export function delayBeforeRetry({
  error,
  isRepeatable: canRepeat,
  attempts,
  random,
}: Failure): number | null {
  const jitterMs = random * Math.min(delayMsMax, firstDelayMs * 2 ** (attempts - 1))
  if (error instanceof RateLimitedError || error instanceof UnavailableError) {
    if (error.retryAfterSeconds !== null) return error.retryAfterSeconds * 1000 + jitterMs
    return error instanceof UnavailableError && canRepeat ? jitterMs : null
  }
  if (!canRepeat) return null
  if (error instanceof ConnectionError) return jitterMs
  if (error instanceof UnexpectedAnswerError && [429, 502, 503, 504].includes(error.status)) {
    return (error.retryAfterSeconds ?? 0) * 1000 + jitterMs
  }
  return null
}
