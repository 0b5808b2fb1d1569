import { constants } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { writeLine } from '../operator/protocol.ts'
import { runKeystead } from './keystead.ts'

/** Runs the command of this process's arguments. Without arguments it is `serve`. */
export async function runProcess(environment: NodeJS.ProcessEnv, stopSignals: StopSignals): Promise<number> {
  const given = process.argv.slice(2)

  // A reader may close the pipe early, as `head` does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(1))

  return runKeystead(given.length === 0 ? ['serve'] : given, {
    environment,
    ...(process.stdin.isTTY && { askSecret }),
    print: (line) => writeLine(process.stdout, line),
    progress: (line) => writeLine(process.stderr, line),
    listenForStop: stopSignals.listen,
  })
}

/** Asks for a secret on the terminal, without echo. */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question)
  // The reader echoes what is typed to its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  const stop = new AbortController()
  terminal.on('SIGINT', () => stop.abort())
  try {
    return await terminal.question('', { signal: stop.signal })
  } catch {
    process.exit(130)
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}

/** Signals that ask a process to stop. */
interface StopSignals {
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
