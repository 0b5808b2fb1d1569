import {
  CommandError,
  type CommandText,
  exitCodes,
  type Output,
  UsageError,
} from '../command-line/command.ts'
import { nameOf } from '../command-line/help.ts'
import { readOptions } from '../command-line/read-options.ts'
import { KeysteadError } from '../errors.ts'
import { RootKeyError } from '../keyring/root-key-provider.ts'
import { databaseTroubleOf } from '../store/database-trouble.ts'
import { systemTroubleOf } from '../system-errors.ts'
import type { OperatorCommand, OperatorContext } from './command.ts'

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
