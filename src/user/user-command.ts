import type { Readable, Writable } from 'node:stream'
import type { CommandText, GivenValues, OptionTable, Output, Values } from '../command-line/command.ts'

/** The terminal, pipes and files that a person's command is connected to. */
export interface Terminal {
  readonly input: Readable
  readonly output: Writable
  readonly isInputTerminal: boolean
  readonly isOutputTerminal: boolean
  /** Width of the terminal in characters; null if the output goes elsewhere. */
  readonly columns: number | null
  /** Asks a question and reads a line; null without a terminal. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<string>) | null
  /** Opens an address in the person's browser. */
  openBrowser(url: string): Promise<void>
}

/** Context of a user command. */
export interface UserContext<Given = GivenValues> extends Output {
  readonly options: Given
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly terminal: Terminal
  /** Aborted by Ctrl+C. The command then cleans up and ends. */
  readonly signal: AbortSignal
}

/** A command for a person with a token. It talks to a server over its API only. */
export interface UserCommand extends CommandText {
  carryOut(context: UserContext): Promise<number>
}

/** Defines a command. Its `carryOut` gets typed options. */
export function defineUserCommand<const Options extends OptionTable>(
  command: Omit<CommandText, 'options'> & {
    readonly options: Options
    carryOut(context: UserContext<Values<Options>>): Promise<number>
  },
): UserCommand {
  return {
    ...command,
    // The values were read with the options of this command, so that they have their types.
    carryOut: (context) => command.carryOut(context as UserContext<Values<Options>>),
  }
}
