import type { Config } from '../config.ts'
import type { DomainParts } from '../keys/parts/parts.ts'

/** How a command ended: all is well; it found or met something that the operator must see to; it was used wrongly. */
export const exitCodes = { fine: 0, failed: 1, usage: 2 } as const

/** One option, `--name VALUE` or `--name`. */
export interface Option {
  readonly type: 'string' | 'boolean'
  /** What stands for the value in help texts, e.g. `PROJECT`. */
  readonly value?: string
  /** One sentence, for the help text. */
  readonly meaning: string
  readonly required?: true
  /** It stands for itself, without a name before it: `FILE` instead of `--file FILE`. At most one of a command does. */
  readonly bare?: true
}

/** The options of a command by their names, without the dashes. */
export type OptionTable = Readonly<Record<string, Option>>

/** The values that were given, by the options' names. */
export type Values<Options extends OptionTable> = {
  readonly [Name in keyof Options]: Options[Name]['type'] extends 'boolean'
    ? boolean
    : Options[Name] extends { readonly required: true }
      ? string
      : string | undefined
}

/** The values of any table's options. */
export type GivenValues = Readonly<Record<string, string | boolean | undefined>>

/** Where a command's lines go; each promise is kept when the reader is ready for more. */
export interface Output {
  /** A line of the result: standard output. */
  print(line: string): Promise<void>
  /** A line for the person who waits, or about what went wrong: standard error. */
  progress(line: string): Promise<void>
}

/** What every command has, whatever it works on. */
export interface CommandText {
  /** The words by which it is called, e.g. `['audit', 'verify']`. */
  readonly path: readonly string[]
  /** One line, for lists of commands. */
  readonly summary: string
  /** What a person needs to know to use it, in sentences; the options are listed after it. */
  readonly help: string
  readonly options: OptionTable
}

/** The operator's services: the parts of the domain on the operator's data. No caller, no roles. */
export interface OperatorServices {
  readonly parts: DomainParts
}

/** What a command on the data works with. */
export interface OperatorContext<Given = GivenValues> extends OperatorServices, Output {
  readonly options: Given
  /** Aborted when nobody waits for the result any more: a long command stops where it can be started again. */
  readonly signal: AbortSignal
}

/**
 * A command on the data. It runs inside the server that has the embedded database open, or in a process of its own:
 * it must rely on nothing but its context, and speak only through it.
 */
export interface OperatorCommand extends CommandText {
  run(context: OperatorContext): Promise<number>
}

/**
 * A command on the data whose lines are not for the screen: the process that was called takes them, with what only that
 * one has, such as the operator's passphrase and files.
 */
export interface ReceivingCommand extends OperatorCommand {
  /** Runs the command with `start` and takes what it prints; gives the exit code. */
  receive(caller: Caller, start: (print: Output['print']) => Promise<number>): Promise<number>
}

/** The process that an operator called. */
export interface Caller extends Output {
  readonly options: GivenValues
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Asks for something that is not shown while it is typed; null where nobody can be asked. */
  readonly askSecret: ((question: string) => Promise<string>) | null
}

/** A command that needs no open data: it can work before the first start of a server. */
export interface SetupCommand extends CommandText {
  setUp(config: Config, caller: Caller): Promise<number>
}

/** Declares a command whose `run` knows the types of its own options. */
export function defineOperatorCommand<const Options extends OptionTable>(
  command: Omit<CommandText, 'options'> & {
    readonly options: Options
    run(context: OperatorContext<Values<Options>>): Promise<number>
  },
): OperatorCommand {
  return {
    ...command,
    // Values are read from this command's own table, so that they have its types.
    run: (context) => command.run(context as OperatorContext<Values<Options>>),
  }
}

/** The command line does not make sense; the message says what is wrong with it. Ends with exit code 2. */
export class UsageError extends Error {}

/** What was asked for cannot be done, and why; for the operator. Ends with exit code 1. */
export class CommandError extends Error {}
