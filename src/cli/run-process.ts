import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { writeLine } from '../operator/protocol.ts'
import { runKeystead } from './keystead.ts'
import { handleReloadSignal, type StopSignals } from './stop-signals.ts'

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
    onReload: handleReloadSignal,
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
