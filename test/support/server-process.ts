import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { quickStart } from './command-process.ts'

/** A server in a process of its own, as an operator starts it. */
export interface ServerProcess {
  readonly url: string
  readonly output: readonly string[]
  readonly child: ChildProcess
  /** Ends it with a signal, and waits until it is gone. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts `src/main.ts`, or another program, and waits until it says where it listens. */
export async function startServerProcess(
  environment: Record<string, string>,
  program = join(import.meta.dirname, '../../src/main.ts'),
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...quickStart, program], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  // Also where a test ends without stopping it.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  exited.then(() => process.off('exit', kill))
  const output: string[] = []
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line)
      const [, url] = /(?:listens on|GraphiQL) +(https?:\/\/[^/\s]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  }
  exited.then(() => reject(new Error(`the server ended: ${output.join('\n')}`)))
  return {
    url: await listening,
    output,
    child,
    async stop(signal) {
      child.kill(signal)
      await exited
      return child.exitCode
    },
  }
}
