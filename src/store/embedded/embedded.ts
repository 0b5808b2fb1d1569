import { fsyncSync, statfsSync, writeSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { systemTroubleOf } from '../../system-errors.ts'
import { StoreError } from '../errors.ts'
import { channel, type KeyChangeEvents, receiveAnnouncement } from '../key-changes.ts'
import { migrate } from '../migrate.ts'
import type { Driver, StoreOptions } from '../store.ts'
import { makeDataFolder, prepareDatabaseFolder } from './database-folder.ts'
import { type EmbeddedFileSystem, undoFailedOpens } from './files.ts'
import { lockFolder } from './folder-lock.ts'
import { watchFolders } from './folder-watch.ts'

/** Opens the embedded database in a folder, which is made if it is not there. */
export async function openEmbedded(
  options: Pick<StoreOptions, 'dataFolder' | 'filesMax' | 'migrate' | 'onFolderLost' | 'onStage' | 'warn'>,
): Promise<Driver> {
  const { dataFolder, onStage = () => {} } = options
  await makeDataFolder(dataFolder)
  const lock = lockFolder(dataFolder)
  const closers = [lock.release]
  const release = () => {
    for (const close of closers.splice(0).reverse()) close()
  }
  try {
    onStage('It is opening the embedded database.')
    const start = (path: string) => startPGlite(path, options.filesMax)
    const folder = await prepareDatabaseFolder(dataFolder, (path) => initialise(path, start))
    closers.push(
      watchFolders({ lock: lock.path, database: folder }, (path) => {
        const reason = `The data folder ${dataFolder} was removed or replaced while Keystead was using it (${path} is not what it was). The process stops at once and writes nothing more. Put the folder back, then start again.`
        options.onFolderLost?.(reason)
        stopProcess(reason)
      }),
    )
    const pglite = await start(folder)
    await dropTemplates(pglite)
    await migrate(
      {
        query: async (sql) => (await pglite.query<Record<string, unknown>>(sql)).rows,
        execute: async (sql) => void (await pglite.exec(sql)),
      },
      { ...options, apply: options.migrate },
    )
    // PGlite learns how to send lists when it starts, and the enumerations may be new since.
    await pglite.refreshArrayTypes()
    const listeners = new Set<KeyChangeEvents>()
    // At once, since later a transaction may be open on the one connection.
    await pglite.listen(channel, (payload) => {
      for (const events of listeners) receiveAnnouncement(payload, events)
    })
    return {
      kind: 'embedded',
      adapter: new PrismaPGlite(pglite),
      executor: null,
      tellsRollback: false,
      listen(events) {
        listeners.add(events)
        events.onGap()
        events.onListening()
        return { close: async () => void listeners.delete(events) }
      },
      async close() {
        try {
          await pglite.close()
        } finally {
          release()
        }
      },
    }
  } catch (error) {
    release()
    throw error
  }
}

/** EIO as WASI numbers it. */
const inputOutputError = 29

/** PGlite's file system with the one call put through that it leaves out: a commit is on the disk when it returns. */
class SyncingFS extends NodeFS {
  readonly #onAbort: () => never

  constructor(folder: string, onAbort: () => never) {
    super(folder)
    this.#onAbort = onAbort
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args)
    const passOnSync = (module: unknown) => {
      const files = module as EmbeddedFileSystem
      const { FS, NODEFS } = files
      undoFailedOpens(files)
      NODEFS.stream_ops.fsync = (stream) => {
        try {
          fsyncSync(stream.nfd)
        } catch {
          // In the only form that PostgreSQL understands: any other error would pass it by, and the commit succeed.
          throw new FS.ErrnoError(inputOutputError)
        }
      }
    }
    return {
      emscriptenOpts: {
        ...emscriptenOpts,
        preRun: [...(emscriptenOpts.preRun ?? []), passOnSync],
        onAbort: this.#onAbort,
      },
    }
  }
}

/**
 * PostgreSQL gives up (PANIC) when the disk does not take what it must. Its WebAssembly then spins for ever and blocks
 * this process with it, so nothing can be reported: the process ends at once, as a PostgreSQL server does, and
 * the next start recovers what was acknowledged.
 */
const diskFailure =
  'The embedded database could not write to its disk and has stopped. Check the disk, then start again.'

function stopProcess(reason: string): never {
  writeSync(2, `${reason}\n`)
  process.exit(1)
}

/** Makes a database in an empty folder. */
async function initialise(folder: string, start: (folder: string) => Promise<PGlite>): Promise<void> {
  const pglite = await start(folder)
  await dropTemplates(pglite)
  await pglite.close()
}

/**
 * Removes the databases from which PostgreSQL would make others; Keystead never makes one. They cannot be vacuumed, so
 * that after two thousand million transactions they would keep the whole installation from writing.
 */
async function dropTemplates(pglite: PGlite): Promise<void> {
  for (const name of ['template0', 'template1']) {
    const { rows } = await pglite.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rows.length === 0) continue
    await pglite.exec(`ALTER DATABASE ${name} IS_TEMPLATE false`)
    await pglite.exec(`DROP DATABASE ${name}`)
  }
}

/** A segment of the write-ahead log, without room for which PostgreSQL can do nothing. */
const segmentBytes = 16_777_216

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize < segmentBytes
  } catch {
    return false
  }
}

async function startPGlite(folder: string, filesMax: number | undefined): Promise<PGlite> {
  let isOpen = false
  /** Why PostgreSQL gives up, in its own words; they name files, and hold nothing of statements. */
  let lastWords = ''
  const cannotOpen = () =>
    isFull(folder)
      ? `The embedded database in ${folder} does not open: the disk is full (ENOSPC)${lastWords}. Make room on it, then start again.`
      : `The embedded database in ${folder} does not open${lastWords}. If the disk is well, its files are damaged: restore a backup into another folder (docs/backup.md).`
  try {
    const pglite = await PGlite.create({
      fs: new SyncingFS(folder, () => stopProcess(isOpen ? `${diskFailure}${lastWords}` : cannotOpen())),
      onStderr(line) {
        const [, words] = /(?:PANIC|FATAL): {2}(.+)/.exec(line) ?? []
        if (words !== undefined) lastWords = ` (${words})`
        return false
      },
      // PGlite's own parameters switch fsync off (-F).
      startParams: [
        ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
        '-c',
        'wal_sync_method=fsync',
        ...(filesMax === undefined ? [] : ['-c', `max_files_per_process=${filesMax}`]),
      ],
    })
    isOpen = true
    return pglite
  } catch (error) {
    if (systemTroubleOf(error) !== null) throw error
    throw new StoreError(cannotOpen())
  }
}
