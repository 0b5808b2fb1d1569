import { chmodSync, existsSync, fsyncSync, mkdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { StoreError } from './errors.ts'
import { lockFolder } from './folder-lock.ts'
import { migrate } from './migrate.ts'
import { channel, hearAnnouncement, type KeyChangeEvents } from './notify.ts'
import type { Driver, StoreOptions } from './store.ts'

/** Major version of the PostgreSQL inside PGlite; its files open with no other. */
const postgresMajor = '18'

/** Opens the embedded database in a folder, which is made if it is not there. */
export async function openEmbedded(
  options: Pick<StoreOptions, 'dataFolder' | 'migrate' | 'onStage' | 'warn'>,
): Promise<Driver> {
  const { dataFolder, onStage = () => {} } = options
  const folder = join(dataFolder, 'database')
  makeFolders(dataFolder, folder)
  const release = lockFolder(dataFolder)
  try {
    requireSameMajor(folder)
    onStage('It is opening the embedded database.')
    const pglite = await startPGlite(folder)
    await migrate(
      {
        query: async (sql) => (await pglite.query<Record<string, unknown>>(sql)).rows,
        execute: async (sql) => void (await pglite.exec(sql)),
      },
      { ...options, apply: options.migrate },
    )
    const listeners = new Set<KeyChangeEvents>()
    // At once, since later a transaction may be open on the one connection.
    await pglite.listen(channel, (payload) => {
      for (const events of listeners) hearAnnouncement(payload, events)
    })
    return {
      kind: 'embedded',
      adapter: new PrismaPGlite(pglite),
      executor: null,
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

/** Whether a data folder holds a database, open or not. */
export function hasEmbeddedDatabase(dataFolder: string): boolean {
  return existsSync(join(dataFolder, 'database', 'PG_VERSION'))
}

/** The mode of a data folder that exists already is its owner's affair; the database inside is closed in any case. */
function makeFolders(dataFolder: string, database: string): void {
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    mkdirSync(database, { recursive: true, mode: 0o700 })
    chmodSync(database, 0o700)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new StoreError(
      `The data folder ${dataFolder} cannot be used (${code ?? 'unknown error'}). Choose another one with DATA_FOLDER.`,
    )
  }
}

function requireSameMajor(folder: string): void {
  let major: string
  try {
    major = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch {
    return
  }
  if (major !== postgresMajor) {
    throw new StoreError(
      `The database in ${folder} was made by PostgreSQL ${major}, this release has ${postgresMajor}. Open it with the release that made it.`,
    )
  }
}

/** EIO as WASI numbers it. */
const inputOutputError = 29

/** PGlite's file system with the one call put through that it leaves out: a commit is on the disk when it returns. */
class SyncingFS extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args)
    const passOnSync = (module: unknown) => {
      const { FS, NODEFS } = module as {
        FS: { ErrnoError: new (errno: number) => Error }
        NODEFS: { stream_ops: { fsync?: (stream: { nfd: number }) => void } }
      }
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
        onAbort: stopProcess,
      },
    }
  }
}

/**
 * PostgreSQL gives up (PANIC) when the disk does not take what it must. Its WebAssembly then spins for ever and blocks
 * this process with it, so there is nobody left to tell: the process ends at once, as a PostgreSQL server does, and
 * the next start recovers what was acknowledged.
 */
function stopProcess(): never {
  writeSync(
    2,
    'The embedded database could not write to its disk and has stopped. Check the disk, then start again.\n',
  )
  process.exit(1)
}

async function startPGlite(folder: string): Promise<PGlite> {
  return PGlite.create({
    fs: new SyncingFS(folder),
    // PGlite's own parameters switch fsync off (-F).
    startParams: [
      ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
      '-c',
      'wal_sync_method=fsync',
    ],
  })
}
