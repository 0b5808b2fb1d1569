import * as commandLine from '../../examples/command-line.ts'
import { runDemo } from '../../examples/run-demo.ts'
import { type GivenValues, UsageError } from '../operator/command.ts'
import type { Program } from './program.ts'

/** Runs the demo of `examples`: a client of a running server, or of one that it starts and removes. */
export function runDemoCommand(given: GivenValues, { environment }: Program): Promise<number> {
  const args = readArguments(given, environment)
  // Where nobody reads on, the program ends at once. The demo has something to remove first, and listens for itself.
  process.stdout.removeAllListeners('error')
  return runDemo(args)
}

function readArguments(given: GivenValues, environment: Program['environment']): commandLine.Arguments {
  try {
    const file = String(given['file'])
    return commandLine.checkArguments({ ...given, file }, environment)
  } catch (error) {
    if (error instanceof commandLine.UsageError) throw new UsageError(error.message)
    throw error
  }
}
