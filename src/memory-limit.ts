import { totalmem } from 'node:os'
import type { Config } from './config.ts'

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

/** Compares the limit of this process (its container, or the memory of the machine) with what a server needs. */
export function budgetMemory(
  { DATABASE_URL }: Pick<Config, 'DATABASE_URL'>,
  limitBytes = process.constrainedMemory(),
): MemoryBudget {
  const total = totalmem()
  const limit = limitBytes > 0 && limitBytes < total ? limitBytes : total
  const limitMiB = Math.floor(limit / mebibyte)
  const needed = DATABASE_URL === null ? neededMiB.embedded : neededMiB.postgres
  return { limitMiB, neededMiB: needed, isShort: limitMiB < needed }
}
