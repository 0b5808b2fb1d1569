import { constants } from 'node:os'

/** Signals that ask a process to stop. */
export interface StopSignals {
  /** After this call, the first signal aborts the returned signal, and the second one ends the process at once. */
  listen(): AbortSignal
}

/**
 * Handles Ctrl+C and SIGTERM from the start of the process. In a container the program is process 1, for which the kernel
 * ignores signals without a handler.
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
      // The kernel's default action also ends a process whose threads wait for a file or the network.
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

/** Calls back at each SIGHUP. On a terminal the signal means that it was closed, and keeps its default: the process ends. */
export function handleReloadSignal(reload: () => void): void {
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY
  if (!hasTerminal && process.platform !== 'win32') process.on('SIGHUP', reload)
}
