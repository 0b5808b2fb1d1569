import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/**
 * Arguments of Node before a program that a test starts. V8 does not optimise WebAssembly then: the embedded database
 * runs the same code, but the start takes two thirds of the processor time. Measurements start programs as operators do.
 */
export const quickStart: readonly string[] = process.env['VITEST'] === undefined ? [] : ['--liftoff-only']

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
export function runLauncher(environment: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  return start('bin/keystead.js', environment, args).result
}

/** Runs a command to its end, without what finds the right Node for it: that starts two processes more. */
export function runCommand(environment: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  return startCommand(environment, ...args).result
}

/** Starts a command in a process that is the program itself, so that it can be killed. */
export function startCommand(environment: Record<string, string>, ...args: string[]): RunningCommand {
  return start('src/main.ts', environment, args)
}

function start(file: string, environment: Record<string, string>, args: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [...quickStart, join(import.meta.dirname, '../..', file), ...args], {
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
