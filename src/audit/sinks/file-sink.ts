import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, syncFolder } from '../../durable-files.ts'
import { compactTime, type Sink, type SinkBatch, SinkError, textOfLines } from './sink.ts'

/** Options of the sink. */
export interface FileSinkOptions {
  readonly folder: string
  /** Size in bytes at which a file is closed and the next one begun. */
  readonly bytesMax: number
  /** Age in milliseconds at which a file is closed. */
  readonly ageMsMax: number
  readonly now?: () => Date
}

/** Suffix of the file that is being written. */
export const openSuffix = '.open'
/** Suffix of files with records. */
export const linesSuffix = '.jsonl'
/** Suffix of files with a checkpoint. */
export const checkpointSuffix = '.jws'

const prefix = 'keystead-audit-'
const mode = 0o600

/** The file that is being written. */
interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly openedAtMs: number
  /** Bytes that are certainly on the disk. */
  bytes: number
}

/**
 * Writes JSON Lines into files of a folder. A batch is acknowledged once it is synced. A file ends with `.open` while it
 * is written; then it is renamed, and never changed again. Names begin with the time at which the file was opened, so that
 * they sort in the order of writing.
 */
export function createFileSink({
  folder,
  bytesMax,
  ageMsMax,
  now = () => new Date(),
}: FileSinkOptions): Sink & {
  /** Makes the folder, and tries whether files can be written there. */
  check(): Promise<void>
} {
  let current: OpenFile | null = null
  let count = 0
  // Two servers may write into one folder, and two files may be opened in the same millisecond.
  const writer = randomBytes(4).toString('hex')

  async function begin(): Promise<OpenFile> {
    await makeFolder(folder)
    count += 1
    const number = String(count).padStart(6, '0')
    const path = join(folder, `${prefix}${compactTime(now())}-${writer}-${number}${linesSuffix}${openSuffix}`)
    const handle = await open(path, 'ax', mode)
    await syncFolder(folder)
    return { handle, path, openedAtMs: performance.now(), bytes: 0 }
  }

  async function finish(file: OpenFile): Promise<void> {
    if (current === file) current = null
    await file.handle.close().catch(() => {})
    await rename(file.path, file.path.slice(0, -openSuffix.length))
    await syncFolder(folder)
  }

  /** After a failure nobody knows what is on the disk: what was acknowledged is kept, and a new file is begun. */
  async function abandon(file: OpenFile): Promise<void> {
    await file.handle.truncate(file.bytes).catch(() => {})
    await finish(file).catch(() => {})
  }

  async function write({ lines }: SinkBatch): Promise<void> {
    if (current !== null && performance.now() - current.openedAtMs >= ageMsMax) await finish(current)
    current ??= await begin()
    const file = current
    const bytes = Buffer.from(textOfLines(lines))
    try {
      await file.handle.appendFile(bytes)
      await file.handle.sync()
      await requireInPlace(file)
    } catch (error) {
      await abandon(file)
      throw error
    }
    file.bytes += bytes.length
    if (file.bytes >= bytesMax) await finish(file)
  }

  return {
    name: 'file',
    async check() {
      await makeFolder(folder)
      const path = join(folder, `.keystead-audit-${writer}`)
      await writeFile(path, '', { mode, flag: 'wx' })
      await unlink(path)
    },
    async open() {
      await makeFolder(folder)
      for (const name of await readdir(folder)) {
        if (name.startsWith(prefix) && name.endsWith(openSuffix)) await closeLeftOver(join(folder, name))
      }
    },
    send: write,
    async putCheckpoint({ at, jws }) {
      const name = `keystead-checkpoint-${compactTime(at)}-${writer}${checkpointSuffix}`
      await makeFolder(folder)
      const path = join(folder, name)
      await writeFile(path, `${jws}\n`, { mode, flush: true })
      await syncFolder(folder)
    },
    async close() {
      if (current !== null) await finish(current).catch(() => {})
    },
  }
}

/** What is written to a file that was removed or renamed by others is lost. */
async function requireInPlace({ handle, path }: OpenFile): Promise<void> {
  const [written, found] = await Promise.all([handle.stat(), stat(path).catch(() => null)])
  if (found?.ino === written.ino) return
  throw new SinkError({
    code: 'FILE_GONE',
    text: 'The file that is written was removed or renamed. Move only files that end with .jsonl; look for a gap with "keystead audit verify-export".',
  })
}

/** Closes a file that a crash left open, without the line in the middle of which it happened: that record comes again. */
async function closeLeftOver(path: string): Promise<void> {
  const { size } = await stat(path)
  const end = await findEndOfLines(path, size)
  if (end < size) await truncate(path, end)
  await rename(path, path.slice(0, -openSuffix.length))
}

const readAtOnce = 65_536

/** Number of bytes up to the last line feed. */
async function findEndOfLines(path: string, size: number): Promise<number> {
  const handle = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(readAtOnce)
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - readAtOnce)
      const { bytesRead } = await handle.read(buffer, 0, end - start, start)
      const at = buffer.subarray(0, bytesRead).lastIndexOf('\n')
      if (at >= 0) return start + at + 1
      end = start
    }
    return 0
  } finally {
    await handle.close()
  }
}
