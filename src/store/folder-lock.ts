import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from './errors.ts'

/** Lets go of the folder. */
export type ReleaseLock = () => void

/**
 * Makes this process the only one on a folder: two on one database would destroy it. SQLite holds the lock with the
 * operating system, which takes it back when the process ends in whatever way, so that nothing needs repair after
 * a crash.
 */
export function lockFolder(folder: string): ReleaseLock {
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new StoreError(
      `Another process is using the data folder ${folder}. Stop it first, or give this one a folder of its own (DATA_FOLDER) or a PostgreSQL server (DATABASE_URL).`,
    )
  }
  return () => lock.close()
}
