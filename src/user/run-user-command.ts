import { type AnyKeysteadError, isKeysteadError } from '../../packages/client/src/index.ts'
import { CommandError, exitCodes, UsageError } from '../command-line/command.ts'
import { nameOf } from '../command-line/help.ts'
import { readOptions } from '../command-line/read-options.ts'
import { systemTroubleOf } from '../system-errors.ts'
import { shownLines } from './shown-text.ts'
import type { UserCommand, UserContext } from './user-command.ts'

/** Exit code of a command that Ctrl+C ended: 128 and the number of the signal. */
const interrupted = 130

/** Runs a command with the arguments after its name. Resolves to its exit code, also if it fails. */
export async function runUserCommand(
  command: UserCommand,
  args: readonly string[],
  context: Omit<UserContext, 'options'>,
): Promise<number> {
  const { progress, signal } = context
  try {
    return await command.carryOut({ ...context, options: readOptions(command, args) })
  } catch (error) {
    if (signal.aborted) {
      await progress('Interrupted.')
      return interrupted
    }
    await progress(shownLines(textOf(error)))
    if (!(error instanceof UsageError)) return exitCodes.failed
    await progress(`See: keystead ${nameOf(command)} --help`)
    return exitCodes.usage
  }
}

/** Text of an error for a person, with what to do. */
function textOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandError) return error.message
  if (isKeysteadError(error)) return textOfRefusal(error)
  const trouble = systemTroubleOf(error)
  if (trouble !== null) return `System error (${trouble.code}). ${trouble.text}`
  if (!(error instanceof Error)) return 'Unexpected error.'
  return `Unexpected error: ${error.name}: ${error.message.trim()}`
}

function textOfRefusal(error: AnyKeysteadError): string {
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return `The server refuses the token: ${error.message}\nSign in again with "keystead login", or give another token.`
    case 'TOKEN':
      // The login cannot be used: its own text says why.
      return error.cause instanceof Error && error.message.includes('function')
        ? textOf(error.cause)
        : 'The token is not one: it has characters that no token has. Check KEYSTEAD_TOKEN or --token-file.'
    case 'CONNECTION': {
      const trouble = systemTroubleOf(error)
      return trouble === null ? error.message : `${error.message} ${trouble.code}: ${trouble.text}`
    }
    case 'INPUT_VALIDATION':
      return [error.message, ...error.issues.map(({ path, message }) => `  ${path}: ${message}`)].join('\n')
    case 'KEY_NOT_FOUND':
      return `${error.message} See: keystead keys list`
    default:
      return error.message
  }
}
