import { exitCodes } from '../command-line/command.ts'
import { helpOf } from '../command-line/help.ts'
import { userCommands } from '../user/commands.ts'
import { runUserCommand } from '../user/run-user-command.ts'
import { processTerminal } from './process-terminal.ts'
import { findCommand, type Program } from './program.ts'

/** Runs `keystead` with its arguments. Resolves to the exit code, and never rejects. */
export async function runKeystead(args: readonly string[], program: Program): Promise<number> {
  const command = findCommand(userCommands, args)
  if (command === undefined) {
    const { runForOperator } = await import('./run-for-operator.ts')
    return runForOperator(args, program)
  }
  const rest = args.slice(command.path.length)
  const { environment, print, progress, terminal = processTerminal } = program
  if (rest.includes('--help')) {
    await print(helpOf(command))
    return exitCodes.fine
  }
  return runUserCommand(command, rest, {
    environment,
    terminal,
    print,
    progress,
    signal: program.listenForStop(),
  })
}
