import { readFileSync } from 'node:fs'
import type { Config } from './config.ts'

/** Shares of the open files of a process. Sockets are files, too. */
export interface OpenFilesBudget {
  /** Most connections of clients at once. */
  readonly connectionsMax: number
  /** Most files that the embedded database keeps open. */
  readonly databaseFilesMax: number
  /** True if the limit of the process allows fewer connections than CONNECTIONS_MAX. */
  readonly isShort: boolean
}

/** Files for the program itself, its log, the operator's socket, and fetches of keys. */
const ownFiles = 64
/** Share of the remaining files for connections. */
const connectionsPart = 0.8
/** Least number of connections, whatever the limit is. */
const connectionsMin = 16
/** PostgreSQL's smallest and default `max_files_per_process`. */
const databaseFiles = { min: 64, max: 1000 } as const

/**
 * Divides the open files of the process, so that connections of clients leave enough for the database: too many clients must
 * not make writes fail.
 *
 * @param limit most open files of the process; null if there is no limit, or it is unknown
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

/** Most open files of this process; null if there is no limit, or it is unknown. */
export function openFilesLimit(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+)\s/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? null : Number(soft)
  } catch {
    // On systems other than Linux, the diagnostic report of Node has the limit, but takes longer.
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
