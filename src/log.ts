import { type DestinationStream, pino } from 'pino'
import type { Config } from './config.ts'

/** Logger of the server. Facts are IDs, codes and numbers, never secrets or variables. */
export interface Log {
  error(facts: object, message: string): void
  warn(facts: object, message: string): void
  info(facts: object, message: string): void
  debug(facts: object, message: string): void
  /** True if lines of this level are written. */
  isLevelEnabled(level: LogLevel): boolean
}

/** Importance of a line for the operator. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** Names whose values are never written. A safety net: such facts must not be passed to the log at all. */
const redactedNames = [
  'authorization',
  'body',
  'ciphertext',
  'cookie',
  'document',
  'headers',
  'input',
  'jwt',
  'mac',
  'material',
  'message',
  'password',
  'pin',
  'plaintext',
  'privateKey',
  'query',
  'rootKey',
  'secret',
  'sharedSecret',
  'signature',
  'token',
  'variables',
  'wrappedMaterial',
]
const redactedPaths = redactedNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/**
 * Builds the log: lines of JSON on standard output, or at the destination of a test.
 *
 * @param worker number of the worker, for each line; null in a server of one process
 */
export function createLog(
  level: Config['LOG_LEVEL'],
  destination?: DestinationStream,
  worker: number | null = null,
): Log {
  const options = {
    level,
    base: worker === null ? null : { worker },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '[not logged]' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
