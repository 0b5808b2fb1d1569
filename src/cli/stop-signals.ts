import { constants } from 'node:os'

/** Signals by which a process is asked to stop. */
export interface StopSignals {
  /** From now on the first signal aborts this one, and only the next one ends the process at once. */
  listen(): AbortSignal
}

/**
 * Handles Ctrl+C and SIGTERM from the first moment of a process: the kernel ignores signals without a handler for
 * process 1, which the program is in a container.
 */
export function handleStopSignals(): StopSignals {
  const stop = new AbortController()
  let isListening = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const handle = () => {
      if (isListening && !stop.signal.aborted) {
        stop.abort()
        return
      }
      // What the kernel does without a handler ends also a process whose threads wait for a file or a network.
      if (!isListening && process.pid !== 1) {
        process.off(signal, handle)
        process.kill(process.pid, signal)
        return
      }
      process.exit(128 + constants.signals[signal])
    }
    process.on(signal, handle)
  }
  return {
    listen() {
      isListening = true
      return stop.signal
    },
  }
}
