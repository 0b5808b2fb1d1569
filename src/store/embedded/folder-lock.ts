import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FolderInUseError, StoreError } from '../errors.ts'

/** SQLite's code for a lock that another connection holds (SQLITE_BUSY). */
const busy = 5

/** A folder that this process alone may use. */
export interface FolderLock {
  /** The file that holds the lock. */
  readonly path: string
  /** Lets go of the folder. */
  readonly release: () => void
}

/**
 * Makes this process the only one on a folder: two on one database would destroy it. SQLite holds the lock with the
 * operating system, which takes it back when the process ends in whatever way, so that nothing needs repair after
 * a crash. (It does so, too, when this process opens and closes the file by other means: nothing else may read it.)
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, 'lock')
  const lock = openLock(path)
  try {
    chmodSync(path, 0o600)
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== busy) throw cannotLock(path)
    throw new FolderInUseError(
      `Another process is using the data folder ${folder}. Stop it first, or give this one a folder of its own (DATA_FOLDER) or a PostgreSQL server (DATABASE_URL).`,
    )
  }
  return { path, release: () => lock.close() }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 })
  } catch {
    throw cannotLock(path)
  }
}

function cannotLock(path: string): StoreError {
  return new StoreError(
    `The lock file ${path} cannot be used. It must be a file that this user may write, on a file system with locks.`,
  )
}
