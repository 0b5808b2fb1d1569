import { availableParallelism } from 'node:os'
import type { Config } from '../config.ts'

/** Memory of a worker under load, and of the primary process, in MiB: docs/install.md has the measurements. */
export const processMiB = { worker: 448, primary: 96 } as const

/** Fewest database connections of a worker: reads must not wait for the one that writes audit events. */
const poolSizeMin = 4

/** What the processes of one server share. */
export interface Machine {
  /** Processors that this process may use, less those that its container withholds. */
  readonly processors: number
  /** Memory that this process and its workers may use, in MiB. */
  readonly memoryMiB: number
}

/** Processors that this process may use. */
export function processorsHere(): number {
  return availableParallelism()
}

/**
 * Number of workers that WORKERS asks for. `auto` is one for each processor, as far as memory allows, since the kernel ends
 * processes that need more. The embedded database has one process.
 */
export function countWorkers(
  { WORKERS: wanted, DATABASE_URL: url }: Pick<Config, 'WORKERS' | 'DATABASE_URL'>,
  { processors, memoryMiB }: Machine,
): number {
  if (url === null) return 1
  if (wanted !== 'auto') return wanted
  const remembered = Math.floor((memoryMiB - processMiB.primary) / processMiB.worker)
  return Math.max(1, Math.min(processors, remembered))
}

/** Share of a worker in what all workers of a server have together. */
export interface WorkerShare {
  /** Processors for slow cryptography. */
  readonly processors: number
  /** Database connections, without the one that listens. */
  readonly poolSize: number
}

/** Shares of workers. Connections are rounded up, and a worker has at least {@link poolSizeMin} of them. */
export function shareOf(
  { DATABASE_POOL_SIZE: poolSize }: Pick<Config, 'DATABASE_POOL_SIZE'>,
  workers: number,
  processors: number,
): WorkerShare {
  return {
    processors: Math.max(1, Math.floor(processors / workers)),
    poolSize: Math.max(Math.ceil(poolSize / workers), Math.min(poolSize, poolSizeMin)),
  }
}

/** Most database connections of a server with so many workers. */
export function connectionsOf(config: Pick<Config, 'DATABASE_POOL_SIZE'>, workers: number): number {
  return workers * (shareOf(config, workers, 1).poolSize + 1)
}

/** Memory of a worker, in MiB, from which on V8's own limits are fine: its young generation alone may take 128 MiB. */
const ampleMiB = 1536
/** Part of a worker's memory for JavaScript objects that are kept; the rest is for new ones, code, buffers and libraries. */
const oldSpacePart = 0.6

/**
 * Flags of V8 for workers. Node divides the memory of a container by itself, but as if there were one process. Where memory is
 * short, garbage is collected more often, at the price of some throughput.
 */
export function heapFlagsOf(memoryMiB: number, workers: number): readonly string[] {
  const workerMiB = Math.max(processMiB.worker, Math.floor((memoryMiB - processMiB.primary) / workers))
  if (workerMiB >= ampleMiB) return []
  return ['--max-semi-space-size=8', `--max-old-space-size=${Math.floor(workerMiB * oldSpacePart)}`]
}
