import { type DestinationStream, pino } from 'pino'
import type { Config } from './config.ts'

/** What parts of the server need of a logger. Objects hold IDs, codes and numbers: nothing secret, no variables. */
export interface Log {
  error(facts: object, message: string): void
  warn(facts: object, message: string): void
  info(facts: object, message: string): void
  debug(facts: object, message: string): void
}

/** The log of the process: JSON lines on standard output, or wherever a test wants them. */
export function createLog(level: Config['LOG_LEVEL'], destination?: DestinationStream): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return destination === undefined ? pino(options) : pino(options, destination)
}
