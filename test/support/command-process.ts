import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** How a command ended. */
export interface CommandResult {
  readonly code: number | null
  /** Standard output. */
  readonly printed: string
  /** Standard error. */
  readonly said: string
}

/** Runs `keystead` with arguments in a process of its own, as an operator does. */
export async function runCommand(
  environment: Record<string, string>,
  ...args: string[]
): Promise<CommandResult> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../bin/keystead.js'), ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  process.off('exit', kill)
  return { code: child.exitCode, printed, said }
}
