import { type BigIntStats, closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { controlFile, versionFile } from './database-folder.ts'

/** Interval between two checks of the paths, in milliseconds. */
const intervalMs = 500

/** Error codes of a path that is gone, as opposed to a temporary failure. */
const goneCodes = new Set(['ENOENT', 'ENOTDIR', 'ESTALE'])

/** A path and the identity of the file that was there. */
interface WatchedPath {
  readonly path: string
  readonly identity: string
  /** Kept open, so that the system gives the number of a removed file to no other one. */
  readonly descriptor: number | null
}

/**
 * Notices when the data folder, its lock or its database is removed or replaced while this process uses it: the lock then
 * keeps no other process out, and writes go into files that are lost.
 *
 * @param onLost called once, with the path
 * @returns function that ends the watch
 */
export function watchFolders(
  folders: { readonly lock: string; readonly database: string },
  onLost: (path: string) => void,
): () => void {
  const database = [
    folders.database,
    join(folders.database, versionFile),
    join(folders.database, controlFile),
  ]
  // The lock's file is open already, and closing another descriptor of it would give the lock away.
  const watched = [watch(folders.lock, null), ...database.map((path) => watch(path, openIfPossible(path)))]
  const timer = setInterval(() => {
    const lost = watched.find((each) => !isStillThere(each))
    if (lost === undefined) return
    stop()
    onLost(lost.path)
  }, intervalMs).unref()
  function stop(): void {
    clearInterval(timer)
    for (const { descriptor } of watched.splice(0)) if (descriptor !== null) closeSync(descriptor)
  }
  return stop
}

function watch(path: string, descriptor: number | null): WatchedPath {
  const stats =
    descriptor === null ? statSync(path, { bigint: true }) : fstatSync(descriptor, { bigint: true })
  return { path, identity: identityOf(stats), descriptor }
}

function isStillThere({ path, identity }: WatchedPath): boolean {
  try {
    return identityOf(statSync(path, { bigint: true })) === identity
  } catch (error) {
    return !goneCodes.has((error as NodeJS.ErrnoException).code ?? '')
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

/** Windows opens no folders; it does not let go of one with open files in it either. */
function openIfPossible(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch {
    return null
  }
}
