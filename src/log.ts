import { type DestinationStream, pino } from 'pino'
import type { Config } from './config.ts'

/** What parts of the server need of a logger. Objects hold IDs, codes and numbers: nothing secret, no variables. */
export interface Log {
  error(facts: object, message: string): void
  warn(facts: object, message: string): void
  info(facts: object, message: string): void
  debug(facts: object, message: string): void
  /** Whether there is a line at all for what is said at this level. */
  isLevelEnabled(level: LogLevel): boolean
}

/** How much something matters to an operator. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/**
 * Names under which no value is written, should it ever be handed to the log: a second net below the rule that nothing
 * secret is.
 */
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

/** The log of the process: JSON lines on standard output, or wherever a test wants them. */
export function createLog(level: Config['LOG_LEVEL'], destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '[not logged]' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
