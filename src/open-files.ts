import { readFileSync } from 'node:fs'
import type { Config } from './config.ts'

/** What a process does with the files that it may have open at once: sockets are files, too. */
export interface OpenFilesBudget {
  /** Most connections of clients at once. */
  readonly connectionsMax: number
  /** Most files that the embedded database keeps open. */
  readonly databaseFilesMax: number
  /** Whether CONNECTIONS_MAX would be more than the limit of the process allows. */
  readonly isShort: boolean
}

/** For the program itself, its logs, the operator's socket, and fetches of keys. */
const ownFiles = 64
/** Part of what is left that connections may take. */
const connectionsPart = 0.8
/** The least that can be worked with, whatever the limit is. */
const connectionsMin = 16
/** PostgreSQL's smallest and default `max_files_per_process`. */
const databaseFiles = { min: 64, max: 1000 } as const

/**
 * Shares the files that a process may have open, so that connections of clients leave enough for the database: a write
 * that cannot open its file must not depend on how many clients there are.
 *
 * @param limit how many that are; null if there is no limit, or it is not known
 */
export function shareOpenFiles(
  config: Pick<Config, 'CONNECTIONS_MAX' | 'DATABASE_URL' | 'DATABASE_POOL_SIZE'>,
  limit: number | null,
): OpenFilesBudget {
  const { CONNECTIONS_MAX: wanted, DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize } = config
  if (limit === null) {
    return { connectionsMax: wanted, databaseFilesMax: databaseFiles.max, isShort: false }
  }
  const databaseFilesMax = clamp(Math.floor(limit / 3), databaseFiles)
  const database = url === null ? databaseFilesMax : poolSize + 2
  const possible = Math.max(connectionsMin, Math.floor((limit - ownFiles - database) * connectionsPart))
  return { connectionsMax: Math.min(wanted, possible), databaseFilesMax, isShort: possible < wanted }
}

/** How many files this process may have open; null if that has no limit or cannot be found out. */
export function openFilesLimit(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+)\s/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? null : Number(soft)
  } catch {
    // Other systems than Linux: the report of Node has it, which takes longer to make.
    const { userLimits } = (process.report?.getReport() ?? {}) as {
      userLimits?: Record<string, { soft?: unknown }>
    }
    const soft = userLimits?.['open_files']?.soft
    return typeof soft === 'number' ? soft : null
  }
}

function clamp(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value))
}
