import { type CommandText, exitCodes, type GivenValues, type Output } from '../command-line/command.ts'
import { completionScript } from '../command-line/completion.ts'
import { helpOf, listOf, nameOf, overviewOf } from '../command-line/help.ts'
import { readOptions } from '../command-line/read-options.ts'
import { readConfig } from '../config.ts'
import type { Invocation, OperatorCommand, ReceivingCommand, SetupCommand } from '../operator/command.ts'
import { doctor } from '../operator/commands/doctor.ts'
import { reportError } from '../operator/run-command.ts'
import { productVersion } from '../version.ts'
import { commandGroups, commands } from './commands.ts'
import { completionText, demoText, findCommand, type Program } from './program.ts'
import { runOnData } from './run-on-data.ts'

/**
 * Runs a command that `runKeystead` does not know, or answers arguments without a command. Apart from `keystead.ts` since it loads most of the
 * server, which commands for users do not need.
 */
export async function runForOperator(args: readonly string[], program: Program): Promise<number> {
  const command = findCommand(commands, args)
  if (command === undefined) return answerWithout(args, program)
  const rest = args.slice(command.path.length)
  if (rest.includes('--help')) {
    await program.print(helpOf(command))
    return exitCodes.fine
  }
  try {
    return await run(command, { args: rest, options: readOptions(command, rest) }, program)
  } catch (error) {
    return reportError(error, command, program)
  }
}

async function run(
  command: CommandText,
  { args, options }: { readonly args: readonly string[]; readonly options: GivenValues },
  program: Program,
): Promise<number> {
  const { environment, print, progress, listenForStop, askSecret = null } = program
  const invocation: Invocation = { options, environment, print, progress, askSecret }
  if (command === doctor) {
    const { runDoctor } = await import('./doctor/doctor.ts')
    return runDoctor(invocation, listenForStop())
  }
  if (isOperatorCommand(command)) {
    const config = readConfig(environment)
    const start = (taking: Output['print']) =>
      runOnData(config, command, args, { print: taking, progress, signal: listenForStop() })
    return isReceivingCommand(command) ? command.receive(invocation, start) : start(print)
  }
  if (isSetupCommand(command)) return command.setUp(readConfig(environment), invocation)
  if (command === demoText) {
    const { runDemoCommand } = await import('./demo.ts')
    // The demo has its own signal handlers, and cleans up before it ends.
    listenForStop()
    return runDemoCommand(options, program)
  }
  if (command === completionText) {
    await print(completionScript(String(options['shell']), commands))
    return exitCodes.fine
  }
  const { runServe } = await import('./serve-command.ts')
  return runServe(args, program)
}

function isOperatorCommand(command: CommandText): command is OperatorCommand {
  return 'run' in command
}

function isReceivingCommand(command: OperatorCommand): command is ReceivingCommand {
  return 'receive' in command
}

function isSetupCommand(command: CommandText): command is SetupCommand {
  return 'setUp' in command
}

/** Answers arguments without a command: --version, --help, the first word of several commands, or a mistake. */
async function answerWithout(args: readonly string[], program: Program): Promise<number> {
  const [first] = args
  if (first === '--version') {
    await program.print(productVersion())
    return exitCodes.fine
  }
  const isQuestion = args.at(-1) === '--help'
  const words = isQuestion ? args.slice(0, -1) : args
  if (isQuestion && words.length === 0) {
    await program.print(overviewOf(commandGroups))
    return exitCodes.fine
  }
  const related = commands.filter(({ path }) => path[0] === first)
  if (isQuestion && words.length === 1 && related.length > 0) {
    await program.print(listOf(related))
    return exitCodes.fine
  }
  await program.progress(describeMistake(words, related.length > 0 ? related : commands))
  return exitCodes.usage
}

function describeMistake(words: readonly string[], candidates: readonly CommandText[]): string {
  const end = words.findIndex((word) => word.startsWith('-'))
  const called = (end < 0 ? words : words.slice(0, end)).join(' ')
  const problem =
    called === ''
      ? `The command is missing${words[0] === undefined ? '' : ` before ${words[0]}`}.`
      : candidates.some((each) => nameOf(each).startsWith(`${called} `))
        ? `"${called}" is the beginning of several commands.`
        : `Unknown command "${called}".`
  return [problem, '', listOf(candidates), '', 'See: keystead --help'].join('\n')
}
