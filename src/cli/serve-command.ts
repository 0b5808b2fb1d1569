import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UsageError } from '../command-line/command.ts'
import { helpOf } from '../command-line/help.ts'
import { readOptions } from '../command-line/read-options.ts'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { createLog, type Log } from '../log.ts'
import { budgetMemory, workersHere } from '../memory-limit.ts'
import { processorsHere } from '../workers/shares.ts'
import { joinPrimary, type PrimaryLink } from '../workers/worker.ts'
import { type Program, serveText } from './program.ts'

/** Exit code of a server that could not start or has failed. */
const { fine, failed, usage } = exitCodes

/**
 * Runs `keystead serve`: the server, the primary process of its workers, or one of them. The primary process loads nothing of
 * the server, so that it takes little memory.
 */
export async function runServe(args: readonly string[], program: Program): Promise<number> {
  if (args.includes('--help')) {
    await program.print(helpOf(serveText))
    return fine
  }
  try {
    const { workers } = readOptions(serveText, args)
    const { environment } = program
    return await serve({
      ...program,
      environment: workers === undefined ? environment : { ...environment, WORKERS: String(workers) },
    })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    await program.progress(error.message)
    await program.progress('See: keystead serve --help')
    return usage
  }
}

async function serve(program: Program): Promise<number> {
  const link = joinPrimary(program.environment)
  try {
    const config = readConfig(program.environment)
    if (link === null) {
      console.log(
        config.developmentMode ? 'Keystead is starting in development mode …' : 'Keystead is starting …',
      )
      const workers = workersHere(config)
      if (workers > 1) return await runWorkers(program, config, { workers, processors: processorsHere() })
    }
    return await runThis(program, config, link)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error('Keystead has to stop:', error.message)
    return failed
  }
}

/** Runs the server in this process: alone, or as one of its workers. */
async function runThis(program: Program, config: Config, link: PrimaryLink | null): Promise<number> {
  const { runServer } = await import('./serve.ts')
  return runServer(program, config, link)
}

async function runWorkers(
  { listenForStop, onReload }: Program,
  config: Config,
  machine: { readonly workers: number; readonly processors: number },
): Promise<number> {
  const stop = listenForStop()
  const log = createLog(config.LOG_LEVEL)
  warnOf(machine, config, log)
  const [, exec = ''] = process.argv
  const { runPrimary, WorkersFailedError } = await import('../workers/primary.ts')
  const { ListenError } = await import('../server/http/listener.ts')
  stop.addEventListener('abort', () => console.log('Keystead is stopping …'))
  try {
    const isClean = await runPrimary({
      config,
      log,
      workers: machine.workers,
      processors: machine.processors,
      memoryMiB: budgetMemory(config).limitMiB,
      program: { exec, args: ['serve'] },
      stop,
      onServing: (url) => console.log(`Keystead listens on ${url}`),
      onReload,
    })
    if (isClean) log.info({}, 'stopped')
    return isClean ? fine : failed
  } catch (error) {
    if (!(error instanceof WorkersFailedError || error instanceof ListenError)) throw error
    // What the workers have said is written first.
    await sleep(100)
    console.error('Keystead has to stop:', error.message)
    return failed
  }
}

/** Warns of more workers than the machine has room for. They are started all the same. */
function warnOf(
  { workers, processors }: { readonly workers: number; readonly processors: number },
  config: Config,
  log: Log,
): void {
  if (workers > processors) {
    log.warn(
      { workers, processors },
      'there are more workers than processors: they take memory and database connections, and serve no more requests',
    )
  }
  const { isShort, ...memory } = budgetMemory(config, undefined, workers)
  if (isShort) {
    log.warn(
      { workers, ...memory },
      'the memory limit of this process is below what its workers need: above it, the kernel ends one of them',
    )
  }
}
