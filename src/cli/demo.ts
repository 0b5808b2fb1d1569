import * as commandLine from '../../examples/demo/command-line.ts'
import { runDemo } from '../../examples/demo/run-demo.ts'
import { type GivenValues, UsageError } from '../command-line/command.ts'
import type { Program } from './program.ts'

/** Runs the demo of `examples` against a running server, or against one that it starts and removes. */
export function runDemoCommand(given: GivenValues, { environment }: Program): Promise<number> {
  const args = readArguments(given, environment)
  // The handler of the program ends it at once. The demo cleans up first, with a handler of its own.
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
