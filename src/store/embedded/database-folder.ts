import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, syncFolder, syncTree } from '../../durable-files.ts'
import { StoreError } from '../errors.ts'

/** Major version of the PostgreSQL inside PGlite; its files open with no other. */
const postgresMajor = '18'

/** The folders of a database, all of which PostgreSQL makes when it makes the database. */
const folders = [
  'base',
  'global',
  'pg_commit_ts',
  'pg_dynshmem',
  'pg_logical',
  'pg_multixact',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_tblspc',
  'pg_twophase',
  'pg_wal',
  'pg_xact',
]

/** The files by which a database is known; both are written in place as long as it exists. */
export const versionFile = 'PG_VERSION'
export const controlFile = join('global', 'pg_control')

/** PostgreSQL's control file always has this size. */
const controlBytes = 8192

/** Makes the data folder if it is missing. The mode of one that exists already is its owner's affair. */
export async function makeDataFolder(dataFolder: string): Promise<void> {
  try {
    await makeFolder(dataFolder)
    if (!statSync(dataFolder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new StoreError(
      `The data folder ${dataFolder} cannot be used (${code ?? 'unknown error'}). Choose another one with DATA_FOLDER.`,
    )
  }
}

/** True if a data folder holds a database, open or not, or remains of one. */
export function hasEmbeddedDatabase(dataFolder: string): boolean {
  return !isMissingOrEmpty(databaseFolderOf(dataFolder))
}

/**
 * Finds the database's folder, which only its owner can enter, and makes the database if there is none. The caller has
 * the data folder to itself (its lock).
 *
 * @param initialise makes a database in an empty folder, and lets go of it
 * @throws StoreError if the folder holds something else, or only part of a database: nothing is overwritten
 */
export async function prepareDatabaseFolder(
  dataFolder: string,
  initialise: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = databaseFolderOf(dataFolder)
  if (isMissingOrEmpty(folder)) await makeDatabase(folder, initialise)
  requireWhole(folder)
  requireSameMajor(folder)
  chmodSync(folder, 0o700)
  return folder
}

/** Where the database is; a symbolic link stays one, and what it leads to is the folder. */
function databaseFolderOf(dataFolder: string): string {
  const folder = join(dataFolder, 'database')
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

function isMissingOrEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    throw new StoreError(`The database folder ${folder} cannot be read (${code ?? 'unknown error'}).`)
  }
}

/**
 * Makes the database aside, syncs each of its files, and moves it to its place: a power cut leaves a whole database or
 * none. PostgreSQL syncs only what it changes later.
 */
async function makeDatabase(folder: string, initialise: (folder: string) => Promise<void>): Promise<void> {
  const draft = `${folder}.new`
  // Left by an interrupted start.
  rmSync(draft, { recursive: true, force: true })
  try {
    mkdirSync(draft, { mode: 0o700 })
    await initialise(draft)
    await syncTree(draft)
    if (existsSync(folder)) rmdirSync(folder)
    await rename(draft, folder)
    await syncFolder(dirname(folder))
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    throw new StoreError(
      `The database cannot be made in ${folder} (${code ?? 'unknown error'}). Check that the disk has room and that this user may write there. If a volume is mounted at this folder, mount it at the data folder above instead.`,
    )
  }
}

function requireWhole(folder: string): void {
  const missing = missingPartOf(folder)
  if (missing === null) return
  throw new StoreError(
    `The folder ${folder} is not empty, and it is not a whole database: ${missing}. Nothing in it was changed. Put back all files from a copy of the folder. Or move the folder away and restore a backup with keystead restore. Or choose another data folder with DATA_FOLDER.`,
  )
}

/** Describes an essential part of the database that is missing; null if none is. */
function missingPartOf(folder: string): string | null {
  const missingFolder = folders.find((name) => !isThere(join(folder, name), (found) => found.isDirectory()))
  if (missingFolder !== undefined) return `the folder ${missingFolder} is missing`
  for (const name of [versionFile, controlFile]) {
    if (!isThere(join(folder, name), (found) => found.isFile())) return `the file ${name} is missing`
  }
  if (!isThere(join(folder, versionFile), ({ size }) => size > 0)) return `the file ${versionFile} is empty`
  return isThere(join(folder, controlFile), ({ size }) => size === controlBytes)
    ? null
    : `the file ${controlFile} does not have ${controlBytes} bytes`
}

function isThere(path: string, check: (found: Stats) => boolean): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && check(found)
}

function requireSameMajor(folder: string): void {
  const major = readFileSync(join(folder, versionFile), 'utf8').trim()
  if (major === postgresMajor) return
  throw new StoreError(
    `The database in ${folder} was made by PostgreSQL ${major}, this release has ${postgresMajor}. Open it with the release that made it.`,
  )
}
