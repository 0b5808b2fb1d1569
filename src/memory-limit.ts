import { totalmem } from 'node:os'
import type { Config } from './config.ts'
import { countWorkers, processMiB, processorsHere } from './workers/shares.ts'

const mebibyte = 2 ** 20

/** Memory that a server needs, in MiB: docs/install.md has the measurements. */
const neededMiB = { embedded: 1536, postgres: 768 } as const

/** Memory that a process may use and that a server needs, in MiB. */
export interface MemoryBudget {
  readonly limitMiB: number
  readonly neededMiB: number
  /** True if the limit is too low: the kernel then ends the process without a message. */
  readonly isShort: boolean
}

/** Compares the limit of this process (its container, or the memory of the machine) with what a server of `workers` needs. */
export function budgetMemory(
  { DATABASE_URL }: Pick<Config, 'DATABASE_URL'>,
  limitBytes = process.constrainedMemory(),
  workers = 1,
): MemoryBudget {
  const total = totalmem()
  const limit = limitBytes > 0 && limitBytes < total ? limitBytes : total
  const limitMiB = Math.floor(limit / mebibyte)
  const alone = DATABASE_URL === null ? neededMiB.embedded : neededMiB.postgres
  const needed = workers === 1 ? alone : processMiB.primary + workers * processMiB.worker
  return { limitMiB, neededMiB: needed, isShort: limitMiB < needed }
}

/** Number of workers that a server with this configuration has here. */
export function workersHere(config: Pick<Config, 'DATABASE_URL' | 'WORKERS'>): number {
  return countWorkers(config, { processors: processorsHere(), memoryMiB: budgetMemory(config).limitMiB })
}
