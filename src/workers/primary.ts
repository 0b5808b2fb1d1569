import cluster, { type Worker } from 'node:cluster'
import type { Config } from '../config.ts'
import { poolThreadsFor } from '../crypto/slow-work.ts'
import type { Log } from '../log.ts'
import type { MetricsServer } from '../server/http/metrics-server.ts'
import { type MergedMetrics, type MetricValues, mergeMetrics } from '../server/observe/merged-metrics.ts'
import { type Channel, openChannel } from './channel.ts'
import { createRenewalDesk } from './renewal-desk.ts'
import { heapFlagsOf, shareOf } from './shares.ts'
import { partVariable, type WorkerPart } from './worker.ts'

/** Starts in a row without serving after which the server ends, if no other worker serves. */
const failedStartsMax = 5
/** A worker that serves for less counts as one that could not start, in milliseconds. */
const shortLifeMs = 10_000
/** Pause before the next start after one that failed, doubled with each further one, in milliseconds. */
const pauseMs = { first: 500, max: 30_000 } as const
/** How often workers are asked whether they respond, in milliseconds. */
const pingMs = 5000
/** Questions without an answer after which a worker counts as hung. */
const silentPings = 6
/** Longest wait for the metrics of a worker, in milliseconds. */
const metricsTimeoutMs = 3000
/** How long a worker may take to close everything after its requests, in milliseconds. */
const closeTimeoutMs = 5000

/** The workers of a server, and what they share. */
export interface PrimaryParts {
  readonly config: Config
  readonly log: Log
  readonly workers: number
  readonly processors: number
  /** Memory that all processes may use together, in MiB. */
  readonly memoryMiB: number
  /** The program that workers run, with its arguments. */
  readonly program: { readonly exec: string; readonly args: readonly string[] }
  /** Aborted when the server has to stop. */
  readonly stop: AbortSignal
  /** Called with the URL of the API once the first worker serves. */
  readonly onServing: (url: string) => void
  /** Calls back at each SIGHUP. */
  readonly onReload: ((reload: () => void) => void) | undefined
}

/** The workers cannot be kept running. The message is for the operator. */
export class WorkersFailedError extends Error {}

/** The place of one worker, for one process after the other. */
interface Place {
  readonly number: number
  worker: Worker | null
  channel: Channel | null
  /** Null until it serves. */
  servingSinceMs: number | null
  failedStarts: number
  /** Questions that it has not answered. */
  pings: number
  restart: NodeJS.Timeout | undefined
}

/**
 * Starts workers that share the port, and keeps them running until the server has to stop. The first one prepares the data
 * before the others start.
 *
 * @returns whether all workers have finished their requests
 * @throws WorkersFailedError if no worker serves, and one ends at each start
 */
export async function runPrimary(parts: PrimaryParts): Promise<boolean> {
  const { config, log, workers, processors, memoryMiB, program, stop, onServing, onReload } = parts
  const desk = createRenewalDesk()
  const places = Array.from({ length: workers }, (_, index) => newPlace(index + 1))
  const failed = Promise.withResolvers<never>()
  let hasServed = false
  let isStopping = false
  let keeper: Place | null = null
  let reloading: Promise<void> = Promise.resolve()
  let isClean = true

  cluster.setupPrimary({
    exec: program.exec,
    args: [...program.args],
    // Those of the operator come last, and count.
    execArgv: [...heapFlagsOf(memoryMiB, workers), ...process.execArgv],
  })
  const metrics = config.METRICS_PORT === null ? null : mergeMetrics(readMetrics)
  const metricsServer = await serveMetrics(config, metrics)

  const serving = () => places.filter(({ servingSinceMs }) => servingSinceMs !== null)

  function start(place: Place): void {
    const { number } = place
    const part: WorkerPart = { number, workers, opensEarly: serving().length === 0 }
    const worker = cluster.fork({
      [partVariable]: JSON.stringify(part),
      UV_THREADPOOL_SIZE: poolThreadsOf(config, shareOf(config, workers, processors).processors),
    })
    const channel = openChannel(worker, {
      ...desk.handlersFor(worker.id),
      serving: (url) => onWorkerServing(place, String(url)),
      leaving: (last) => metrics?.keep(worker.id, (last ?? []) as MetricValues),
    })
    Object.assign(place, { worker, channel, pings: 0 })
    worker.once('exit', (code, signal) => onEnd(place, worker.id, { code, signal }))
    // Without a process there is no "exit".
    worker.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      if (worker.process.pid === undefined) onEnd(place, worker.id, { code, signal: null })
    })
  }

  function onWorkerServing(place: Place, url: string): void {
    place.servingSinceMs = performance.now()
    log.info({ worker: place.number, pid: place.worker?.process.pid }, 'a worker serves')
    metrics?.onServing(serving().length)
    if (keeper === null) appointKeeper()
    if (hasServed) return
    hasServed = true
    onServing(url)
    for (const other of places) if (other.worker === null && other.restart === undefined) start(other)
  }

  /** Leaves the housekeeping to one worker. */
  function appointKeeper(): void {
    keeper = serving()[0] ?? null
    keeper?.channel?.ask('keepHouse').catch(() => {})
  }

  function onEnd(place: Place, process: number, end: { code: number | string; signal: string | null }): void {
    const { number, servingSinceMs } = place
    const isLongLived = servingSinceMs !== null && performance.now() - servingSinceMs >= shortLifeMs
    place.channel?.close()
    Object.assign(place, { worker: null, channel: null, servingSinceMs: null })
    desk.release(process)
    metrics?.end(process)
    metrics?.onServing(serving().length)
    if (isStopping) {
      isClean &&= end.code === 0
      return
    }
    if (place === keeper) appointKeeper()
    place.failedStarts = isLongLived ? 0 : place.failedStarts + 1
    const hasReason = end.signal === null && end.code !== 0
    if (serving().length === 0 && servingSinceMs === null) {
      if (!hasServed && hasReason) {
        failed.reject(new WorkersFailedError('its first worker could not start, for the reason above.'))
        return
      }
      if (place.failedStarts >= failedStartsMax) {
        failed.reject(new WorkersFailedError(textOfFailure(place, end)))
        return
      }
    }
    metrics?.onEnd()
    const restartMs =
      place.failedStarts === 0 ? 0 : Math.min(pauseMs.max, pauseMs.first * 2 ** (place.failedStarts - 1))
    log.error(
      { alert: 'WORKER', worker: number, ...end, serving: serving().length, restartMs },
      'a worker has ended; another one takes its place',
    )
    place.restart = setTimeout(() => {
      place.restart = undefined
      start(place)
    }, restartMs)
  }

  /** Ends workers whose event loop does not turn any more. */
  function ping(): void {
    for (const place of serving()) {
      if (place.pings >= silentPings) {
        log.error({ alert: 'WORKER', worker: place.number }, 'a worker does not respond, and is ended')
        place.worker?.process.kill('SIGKILL')
      }
      place.pings++
      place.channel?.ask('ping').then(
        () => {
          place.pings = 0
        },
        () => {},
      )
    }
  }

  async function readMetrics(): Promise<ReadonlyMap<number, MetricValues>> {
    const read = await Promise.all(
      serving().map(async ({ worker, channel }) => {
        const asked = channel?.ask('readMetrics').catch(() => null)
        const values = await Promise.race([asked, nullAfter(metricsTimeoutMs)])
        return worker === null || values === null ? [] : [[worker.id, values as MetricValues] as const]
      }),
    )
    return new Map(read.flat())
  }

  /** One worker after the other takes over certificate and root keys: if something is wrong with them, the others serve. */
  async function reload(): Promise<void> {
    for (const { channel } of serving()) await channel?.ask('reload').catch(() => {})
  }

  async function stopWorkers(): Promise<void> {
    isStopping = true
    const ended = places.map(async ({ worker, channel, restart }) => {
      clearTimeout(restart)
      if (worker === null) return
      const gone = new Promise((resolve) => worker.once('exit', resolve))
      channel?.ask('stop').catch(() => {})
      const cut = setTimeout(
        () => worker.process.kill('SIGKILL'),
        config.SHUTDOWN_TIMEOUT_MS + closeTimeoutMs,
      )
      await gone
      clearTimeout(cut)
    })
    await Promise.all(ended)
  }

  onReload?.(() => {
    reloading = reloading.then(reload)
  })
  const pings = setInterval(ping, pingMs)
  const [first] = places
  if (first !== undefined) start(first)
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve()
    stop.addEventListener('abort', () => resolve())
  })
  try {
    await Promise.race([stopped, failed.promise])
  } finally {
    clearInterval(pings)
    await stopWorkers()
    await metricsServer?.close()
    metrics?.close()
  }
  return isClean
}

function newPlace(number: number): Place {
  return {
    number,
    worker: null,
    channel: null,
    servingSinceMs: null,
    failedStarts: 0,
    pings: 0,
    restart: undefined,
  }
}

async function serveMetrics(config: Config, metrics: MergedMetrics | null): Promise<MetricsServer | null> {
  if (metrics === null) return null
  const { startMetricsServer } = await import('../server/http/metrics-server.ts')
  return startMetricsServer(config, metrics)
}

/** Threads of a worker's pool: by its processors, unless the operator has chosen a number. */
function poolThreadsOf({ UV_THREADPOOL_SIZE: chosen }: Config, processors: number): string {
  return String(chosen ?? poolThreadsFor(processors))
}

function nullAfter(delayMs: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, delayMs, null).unref())
}

function textOfFailure(
  { number, failedStarts }: Place,
  { code, signal }: { code: number | string; signal: string | null },
): string {
  const how =
    signal === null
      ? `with exit code ${code}; its messages are above`
      : `by ${signal}${signal === 'SIGKILL' ? ', as the kernel does where memory is short' : ''}`
  return `no worker serves, and worker ${number} has ended at each of ${failedStarts} starts, the last time ${how}.`
}
