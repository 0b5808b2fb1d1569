import { parseArgs } from 'node:util'
import { KeysteadError } from '../errors.ts'
import { RootKeyError } from '../keyring/root-key-provider.ts'
import { databaseTroubleOf } from '../store/database-trouble.ts'
import { systemTroubleOf } from '../system-errors.ts'
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
        const { bare, value: placeholder } = command.options[name] ?? {}
        throw new UsageError(
          bare === true ? `The argument ${placeholder} is missing.` : `The option --${name} is missing.`,
        )
      }
      return [name, type === 'boolean' ? value === true : value]
    }),
  )
}

function parse(
  options: OptionTable,
  args: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> {
  const [bare] = Object.entries(options).find(([, option]) => option.bare === true) ?? []
  const named = Object.entries(options).filter(([name]) => name !== bare)
  const types = Object.fromEntries(named.map(([name, { type }]) => [name, { type }]))
  try {
    const parsed = parseArgs({
      args: [...args],
      options: types,
      strict: true,
      allowPositionals: bare !== undefined,
    })
    const [first, second] = parsed.positionals
    if (second !== undefined) throw new UsageError(`Unexpected argument '${second}'.`)
    return bare === undefined ? parsed.values : { ...parsed.values, [bare]: first }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error
    // Further sentences are about positional arguments, which hardly any command has.
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
  if (error instanceof RootKeyError) return error.message
  const trouble = textOfTrouble(error)
  if (trouble !== null) return trouble
  if (!(error instanceof Error)) return 'Unexpected error.'
  return `Unexpected error: ${error.name}: ${error.message.trim()}`
}

/** What an operator can do about a database, a disk or a process that is at its limit; null for other errors. */
export function textOfTrouble(error: unknown): string | null {
  const database = databaseTroubleOf(error)
  const system = systemTroubleOf(error)
  if (system !== null && (database === null || database.code === system.code)) {
    return `The machine refused (${system.code}). ${system.text}`
  }
  return database === null ? null : `The database failed (${database.code}). ${database.text}`
}
