import { runKeystead } from '../../src/cli/keystead.ts'
import type { CommandResult } from './command-process.ts'

/** Runs `keystead` in this process, which takes less time than a process of its own. */
export async function runHere(
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<CommandResult> {
  const printed: string[] = []
  const said: string[] = []
  const code = await runKeystead(args, {
    environment,
    print: async (line) => void printed.push(`${line}\n`),
    progress: async (line) => void said.push(`${line}\n`),
    listenForStop: () => new AbortController().signal,
  })
  return { code, printed: printed.join(''), said: said.join('') }
}

/** Runs `keystead doctor --json`, and gives its exit code, its result and its checks by name. */
export async function runDoctorHere(environment: Readonly<Record<string, string>>) {
  const { code, printed } = await runHere(environment, 'doctor', '--json')
  const { result, checks } = JSON.parse(printed) as { result: string; checks: DoctorCheck[] }
  return { code, result, checks: Object.fromEntries(checks.map((check) => [check.name, check])) }
}

/** A check as the command prints it. */
export interface DoctorCheck {
  readonly name: string
  readonly result: string
  readonly finding: string
  readonly advice: string | null
}
