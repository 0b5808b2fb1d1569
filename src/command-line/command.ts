/** Exit codes: success, a failure or findings, wrong usage. */
export const exitCodes = { fine: 0, failed: 1, usage: 2 } as const

/** One option, `--name VALUE` or `--name`. */
export interface Option {
  readonly type: 'string' | 'boolean'
  /** Placeholder of the value in help texts, e.g. `PROJECT`. */
  readonly value?: string
  /** One sentence, for the help text. */
  readonly meaning: string
  readonly required?: true
  /** True for a positional argument: `FILE` instead of `--file FILE`. Their order is that of the table. */
  readonly bare?: true
  /** True if it may be given several times; of positional arguments, the last one only. */
  readonly many?: true
  /** The values that there are. */
  readonly choices?: readonly string[]
}

/** Options of a command by name, without the dashes. */
export type OptionTable = Readonly<Record<string, Option>>

/** Values of options, by name. */
export type Values<Options extends OptionTable> = {
  readonly [Name in keyof Options]: Options[Name]['type'] extends 'boolean'
    ? boolean
    : Options[Name] extends { readonly many: true }
      ? readonly string[]
      : Options[Name] extends { readonly required: true }
        ? string
        : string | undefined
}

/** Values of the options of any table. */
export type GivenValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** Output of a command. Each promise resolves once the reader is ready for more. */
export interface Output {
  /** Writes a line of the result to standard output. */
  print(line: string): Promise<void>
  /** Writes a line about progress or an error to standard error. */
  progress(line: string): Promise<void>
}

/** Name, help and options of a command. */
export interface CommandText {
  /** Words of its name, e.g. `['audit', 'verify']`. */
  readonly path: readonly string[]
  /** One line, for lists of commands. */
  readonly summary: string
  /** Help text, before the list of options. */
  readonly help: string
  readonly options: OptionTable
}

/** Wrong usage of the command line. Exit code 2. */
export class UsageError extends Error {}

/** The command cannot be carried out. The message gives the reason. Exit code 1. */
export class CommandError extends Error {}
