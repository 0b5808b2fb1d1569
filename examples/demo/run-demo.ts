import { stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { basename } from 'node:path'
import type { Arguments } from './command-line.ts'
import { DemoError, describeError } from './describe-error.ts'
import { formatSize } from './progress.ts'
import { runDecryption, runRoundTrip } from './steps.ts'

class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly exitCode: number

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(`Stopped by ${signal}; what was made has been removed.`)
    this.exitCode = 128 + constants.signals[signal]
  }
}

/** Does what is asked for, as a process that is told to stop by signals; gives the exit code and never throws. */
export async function runDemo(args: Arguments): Promise<number> {
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Not only once: npm passes on what a terminal has sent already, and the second must not end the cleaning up.
    process.on(signal, () => interruption.abort(new InterruptedError(signal)))
  }
  // Who reads this has gone: `| head`, for instance.
  process.stdout.on('error', () => interruption.abort(new InterruptedError('SIGPIPE')))
  const startedMs = performance.now()
  try {
    await run(args, interruption.signal)
    const { maxRSS } = process.resourceUsage()
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.log(`\nDone in ${seconds} s. This program had at most ${formatSize(maxRSS * 1024)} of memory.`)
    return 0
  } catch (error) {
    return report(error)
  }
}

async function run(args: Arguments, signal: AbortSignal): Promise<void> {
  const found = await stat(args.file)
  if (found.isDirectory())
    throw new DemoError(`${args.file} is a folder. Take a file, a tar archive for instance.`)
  if (!found.isFile()) throw new DemoError(`${args.file} is not a regular file.`)
  const file = { path: args.file, name: basename(args.file), bytes: found.size }
  await (args.decrypt ? runDecryption : runRoundTrip)({ args, file, signal })
}

function report(error: unknown): number {
  if (error instanceof InterruptedError) {
    console.error(`\n${error.message}`)
    return error.exitCode
  }
  const description = describeError(error)
  console.error(description === null ? error : `\n${description}`)
  return 1
}
