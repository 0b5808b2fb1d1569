import type { CommandText, GivenValues, OptionTable, Output, Values } from '../command-line/command.ts'
import type { Config } from '../config.ts'
import type { Dependencies } from '../keys/parts/dependencies.ts'

/** The parts of the domain, without a caller and roles. */
export interface OperatorServices {
  readonly parts: Dependencies
}

/** Context of a command on the data. */
export interface OperatorContext<Given = GivenValues> extends OperatorServices, Output {
  readonly options: Given
  /** Aborted when nobody waits for the result any more. A long command then stops at a point where it can be resumed. */
  readonly signal: AbortSignal
}

/**
 * A command on the data. It runs inside the server that has the embedded database open, or in its own process, so that it
 * must use only its context for input and output.
 */
export interface OperatorCommand extends CommandText {
  run(context: OperatorContext): Promise<number>
}

/**
 * A command on the data whose lines are processed by the operator's process, which alone has the operator's passphrase and
 * files.
 */
export interface ReceivingCommand extends OperatorCommand {
  /** Runs the command with `start`, processes its lines, and resolves to the exit code. */
  receive(invocation: Invocation, start: (print: Output['print']) => Promise<number>): Promise<number>
}

/** The operator's process. */
export interface Invocation extends Output {
  readonly options: GivenValues
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Asks for a secret without echo; null without a terminal. */
  readonly askSecret: ((question: string) => Promise<string>) | null
}

/** A command without open data, which works before the first start of a server. */
export interface SetupCommand extends CommandText {
  setUp(config: Config, invocation: Invocation): Promise<number>
}

/** Defines a command. Its `run` gets typed options. */
export function defineOperatorCommand<const Options extends OptionTable>(
  command: Omit<CommandText, 'options'> & {
    readonly options: Options
    run(context: OperatorContext<Values<Options>>): Promise<number>
  },
): OperatorCommand {
  return {
    ...command,
    // The values were read with the options of this command, so that they have their types.
    run: (context) => command.run(context as OperatorContext<Values<Options>>),
  }
}

const progressIntervalMs = 1000

/** Builds a check that is true at most once a second, so that long work does not print too many lines of progress. */
export function createPacer(): () => boolean {
  let lastMs = performance.now()
  return () => {
    const nowMs = performance.now()
    if (nowMs - lastMs < progressIntervalMs) return false
    lastMs = nowMs
    return true
  }
}
