import { exitCodes } from '../command-line/command.ts'
import { helpOf } from '../command-line/help.ts'
import { findCommand, type Program } from './program.ts'

/**
 * Runs `keystead` with its arguments. Resolves to the exit code, and never rejects. Each kind of command loads its own code:
 * a server needs none of the commands, and commands for users need nothing of the server.
 */
export async function runKeystead(args: readonly string[], program: Program): Promise<number> {
  if (args[0] === 'serve') {
    const { runServe } = await import('./serve-command.ts')
    return runServe(args.slice(1), program)
  }
  const { userCommands } = await import('../user/commands.ts')
  const command = findCommand(userCommands, args)
  if (command === undefined) {
    const { runForOperator } = await import('./run-for-operator.ts')
    return runForOperator(args, program)
  }
  const rest = args.slice(command.path.length)
  const { environment, print, progress } = program
  if (rest.includes('--help')) {
    await print(helpOf(command))
    return exitCodes.fine
  }
  const { runUserCommand } = await import('../user/run-user-command.ts')
  const { processTerminal } = await import('./process-terminal.ts')
  return runUserCommand(command, rest, {
    environment,
    terminal: program.terminal ?? processTerminal,
    print,
    progress,
    signal: program.listenForStop(),
  })
}
