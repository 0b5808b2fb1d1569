import { parseArgs } from 'node:util'
import { KeysteadError } from '../errors.ts'
import {
  CommandError,
  type CommandText,
  exitCodes,
  type GivenValues,
  type OperatorCommand,
  type OperatorContext,
  type OptionTable,
  type Output,
  UsageError,
} from './command.ts'
import { nameOf } from './help.ts'

/** Runs a command on the data with the arguments after its name; gives its exit code, also where it fails. */
export async function runOperatorCommand(
  command: OperatorCommand,
  args: readonly string[],
  context: Omit<OperatorContext, 'options'>,
): Promise<number> {
  try {
    return await command.run({ ...context, options: readOptions(command, args) })
  } catch (error) {
    return reportError(error, command, context)
  }
}

/**
 * The values of a command's options.
 *
 * @throws UsageError if an argument is unknown, has no value, or is missing
 */
export function readOptions(command: CommandText, args: readonly string[]): GivenValues {
  const given = parse(command.options, args)
  return Object.fromEntries(
    Object.entries(command.options).map(([name, { type, required }]) => {
      const value = given[name]
      if (required === true && (value === undefined || value === '')) {
        throw new UsageError(`The option --${name} is missing.`)
      }
      return [name, type === 'boolean' ? value === true : value]
    }),
  )
}

function parse(
  options: OptionTable,
  args: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> {
  const types = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]))
  try {
    return parseArgs({ args: [...args], options: types, strict: true, allowPositionals: false }).values
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error
    // Further sentences are about positional arguments, which no command has.
    throw new UsageError(`${message.split('. ')[0]}.`)
  }
}

/** Says what went wrong, in sentences and without a stack trace, and gives the exit code for it. */
export async function reportError(error: unknown, command: CommandText, output: Output): Promise<number> {
  if (error instanceof UsageError) {
    await output.progress(error.message)
    await output.progress(`See: keystead ${nameOf(command)} --help`)
    return exitCodes.usage
  }
  await output.progress(textOf(error))
  return exitCodes.failed
}

/** What an operator needs to know of an error. Only the errors that were foreseen are written for people. */
function textOf(error: unknown): string {
  if (error instanceof CommandError || error instanceof KeysteadError) return error.message
  if (!(error instanceof Error)) return 'The command failed, and nobody has foreseen how.'
  return `The command failed, and nobody has foreseen how: ${error.name}: ${error.message.trim()}`
}
