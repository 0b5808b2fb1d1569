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

/** Runs a command on the data with the arguments after its name. Resolves to its exit code, also if it fails. */
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
 * Reads the values of a command's options.
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
  const bare = Object.keys(options).filter((name) => options[name]?.bare === true)
  const named = Object.entries(options).filter(([name]) => !bare.includes(name))
  const types = Object.fromEntries(named.map(([name, { type }]) => [name, { type }]))
  try {
    const parsed = parseArgs({
      args: [...args],
      options: types,
      strict: true,
      allowPositionals: bare.length > 0,
    })
    const { positionals } = parsed
    const unexpected = positionals[bare.length]
    if (unexpected !== undefined) throw new UsageError(`Unexpected argument '${unexpected}'.`)
    return {
      ...parsed.values,
      ...Object.fromEntries(bare.map((name, index) => [name, positionals[index]])),
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error
    // Node's further sentences are about positional arguments, which few commands have.
    throw new UsageError(`${message.split('. ')[0]}.`)
  }
}

/** Prints an error without a stack trace, and gives its exit code. */
export async function reportError(error: unknown, command: CommandText, output: Output): Promise<number> {
  if (error instanceof UsageError) {
    await output.progress(error.message)
    await output.progress(`See: keystead ${nameOf(command)} --help`)
    return exitCodes.usage
  }
  await output.progress(textOf(error))
  return exitCodes.failed
}

/** Text of an error for the operator. Only expected errors have a message that is written for people. */
function textOf(error: unknown): string {
  if (error instanceof CommandError || error instanceof KeysteadError) return error.message
  if (error instanceof RootKeyError) return error.message
  const trouble = textOfTrouble(error)
  if (trouble !== null) return trouble
  if (!(error instanceof Error)) return 'Unexpected error.'
  return `Unexpected error: ${error.name}: ${error.message.trim()}`
}

/** Text of a failure of the database or the system, with what to do; null for other errors. */
export function textOfTrouble(error: unknown): string | null {
  const database = databaseTroubleOf(error)
  const system = systemTroubleOf(error)
  if (system !== null && (database === null || database.code === system.code)) {
    return `System error (${system.code}). ${system.text}`
  }
  return database === null ? null : `Database error (${database.code}). ${database.text}`
}
