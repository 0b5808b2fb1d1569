import { writeLine } from '../operator/protocol.ts'
import { askSecret } from './ask-secret.ts'
import { runKeystead } from './keystead.ts'
import type { StopSignals } from './stop-signals.ts'

/** Runs the command that this process was given, in the terminal or whatever else it was started from. */
export async function runProcess(environment: NodeJS.ProcessEnv, stopSignals: StopSignals): Promise<number> {
  const given = process.argv.slice(2)

  // Whoever reads the lines may have enough of them, as `head` does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(1))

  return runKeystead(given.length === 0 ? ['serve'] : given, {
    environment,
    ...(process.stdin.isTTY && { askSecret }),
    print: (line) => writeLine(process.stdout, line),
    progress: (line) => writeLine(process.stderr, line),
    listenForStop: stopSignals.listen,
  })
}
