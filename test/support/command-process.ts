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

/** A command under way. */
export interface RunningCommand {
  /** Ends it at once, as a crash does. */
  kill(): void
  readonly result: Promise<CommandResult>
}

/** Runs `keystead` with arguments in a process of its own, as an operator does. */
export function runCommand(environment: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  return start('bin/keystead.js', environment, args).result
}

/** Starts a command in a process that is the program itself, without what finds the right Node for it, so that it can be killed. */
export function startCommand(environment: Record<string, string>, ...args: string[]): RunningCommand {
  return start('src/main.ts', environment, args)
}

function start(file: string, environment: Record<string, string>, args: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../..', file), ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  async function end(): Promise<CommandResult> {
    const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    process.off('exit', kill)
    return { code: child.exitCode, printed, said }
  }
  return { kill, result: end() }
}
