import type { Output } from '../operator/command.ts'

/** What the command line gets from its process. */
export interface Program extends Output {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** See `Caller`. */
  readonly askSecret?: (question: string) => Promise<string>
  /** From now on, a request to stop (Ctrl+C, SIGTERM) aborts this signal; the next one ends the process at once. */
  listenForStop(): AbortSignal
}
