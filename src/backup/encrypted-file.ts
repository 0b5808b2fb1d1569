import { createHmac, timingSafeEqual } from 'node:crypto'
import { type FileHandle, link, lstat, open, rename, rm, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DecryptionFailedError } from '../crypto/capabilities.ts'
import {
  deriveFileKeys,
  type FileKeys,
  type FileRecipient,
  type FileSecret,
  lockFile,
  OtherSecretError,
  parseLock,
  unlockFile,
} from '../crypto/file-key.ts'
import { chunkBytes, chunkTagBytes, createChunkOpener, createChunkSealer } from '../crypto/sealed-chunks.ts'
import { syncFolder } from '../durable-files.ts'
import { newUuid } from '../ids.ts'
import { textOfCode } from '../system-errors.ts'
import { BackupError } from './contents.ts'

const magic = { keystead: 'backup', version: 1 } as const
const headerBytesMax = 1024
const headerMacBytes = 32

/** A file that is being written. It gets its name with `commit`. */
export interface EncryptedWriter {
  write(bytes: Uint8Array): Promise<void>
  /** Ends the file and makes it durable under its name. Fails if the name is taken. */
  commit(): Promise<void>
  /** Leaves nothing behind. Does nothing after `commit`. */
  discard(): Promise<void>
}

/** Begins an encrypted file for a recipient, under a temporary name in the same folder. */
export async function createEncryptedFile(path: string, recipient: FileRecipient): Promise<EncryptedWriter> {
  const { lock, shared } = await lockFile(recipient)
  const header = Buffer.from(`${JSON.stringify({ ...magic, lock })}\n`)
  const keys = deriveFileKeys(shared, header)
  const temporary = join(dirname(path), `.${basename(path)}.${newUuid()}.partial`)
  const file = await open(temporary, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new BackupError(`No file can be made in ${dirname(path)} (${error.code ?? 'unknown error'}).`)
  })
  const seal = createChunkSealer(keys.content)
  const waiting = Buffer.alloc(chunkBytes)
  let [length, isOpen] = [0, true]

  async function discard(): Promise<void> {
    if (!isOpen) return
    isOpen = false
    await file.close().catch(() => {})
    await rm(temporary, { force: true })
  }
  const orDiscard = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      await discard()
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') {
        throw new BackupError(`The file ${path} already exists and was not changed.`)
      }
      const advice = textOfCode(code ?? '')
      throw new BackupError(
        `The file ${path} cannot be written (${code ?? 'unknown error'}).${advice === null ? '' : ` ${advice}`} Nothing was left there.`,
      )
    }
  }

  await orDiscard(() => writeAll(file, Buffer.concat([header, headerMac(keys, header)])))
  return {
    write: (bytes) =>
      orDiscard(async () => {
        for (let done = 0; done < bytes.length; ) {
          // A full chunk waits until there is more: only then is it known not to be the last.
          if (length === chunkBytes) {
            await writeAll(file, seal(waiting, false))
            length = 0
          }
          const part = bytes.subarray(done, done + chunkBytes - length)
          waiting.set(part, length)
          length += part.length
          done += part.length
        }
      }),
    async commit() {
      await orDiscard(async () => {
        await writeAll(file, seal(waiting.subarray(0, length), true))
        await file.sync()
        await placeNewFile(temporary, path)
      })
      isOpen = false
      await file.close()
      await orDiscard(() => syncFolder(dirname(path)))
    },
    discard,
  }
}

/** A file that a secret opens. */
export interface EncryptedFile {
  /** The plain bytes from the beginning, in pieces. Nothing is given that does not verify. */
  read(): AsyncGenerator<Buffer, void>
}

/**
 * Finds the keys of a file.
 *
 * @throws BackupError if it is none, or the secret is another one
 */
export async function openEncryptedFile(path: string, secret: FileSecret): Promise<EncryptedFile> {
  const source = startReading(path)
  const header = await source.readLine()
  const mac = await source.read(headerMacBytes)
  await source.close()
  const lock = lockOf(header, path)
  const shared = await unlockFile(lock, secret).catch((error: unknown) => {
    if (!(error instanceof OtherSecretError)) throw error
    throw new BackupError(`The backup ${path} does not open: ${error.message}.`)
  })
  const keys = deriveFileKeys(shared, header)
  const expected = headerMac(keys, header)
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
    const what = lock.kind === 'scrypt' ? 'passphrase' : 'private key'
    throw new BackupError(
      `The backup ${path} does not open: the ${what} is another one, or the beginning of the file was changed.`,
    )
  }
  return { read: () => readChunks(path, { keys, start: Buffer.concat([header, mac]) }) }
}

async function* readChunks(path: string, opening: { keys: FileKeys; start: Buffer }): AsyncGenerator<Buffer> {
  const open = createChunkOpener(opening.keys.content)
  const source = startReading(path)
  try {
    const start = await source.read(opening.start.length)
    if (!start.equals(opening.start)) throw damaged(path)
    for (let isLast = false; !isLast; ) {
      const sealed = await source.read(chunkBytes + chunkTagBytes)
      isLast = await source.isAtEnd()
      try {
        yield open(sealed, isLast)
      } catch (error) {
        throw error instanceof DecryptionFailedError ? damaged(path) : error
      }
    }
  } finally {
    await source.close()
  }
}

/** Error for a backup that was changed or truncated. */
export function damaged(path: string): BackupError {
  return new BackupError(`The backup ${path} is damaged: it was changed, or its end is missing.`)
}

function lockOf(header: Buffer, path: string) {
  let value: Partial<Record<string, unknown>> | null = null
  try {
    value = JSON.parse(header.toString('utf8'))
  } catch {
    // Whatever it is, it is no backup.
  }
  if (value?.['keystead'] !== magic.keystead) throw new BackupError(`The file ${path} is no Keystead backup.`)
  const lock = value['version'] === magic.version ? parseLock(value['lock']) : null
  if (lock === null) {
    throw new BackupError(
      `The backup ${path} is locked in a way that this release does not know: it is of a newer one, or was changed.`,
    )
  }
  return lock
}

function headerMac(keys: FileKeys, header: Buffer): Buffer {
  return createHmac('sha256', keys.header).update(header).digest()
}

/** Reads exact amounts of a file in order. */
function startReading(path: string) {
  const opened = open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new BackupError(`The backup ${path} cannot be read (${error.code ?? 'unknown error'}).`)
  })
  let position = 0
  /** As many bytes as wanted, fewer only at the end of the file. */
  async function peek(bytes: number): Promise<Buffer> {
    const file = await opened
    const buffer = Buffer.alloc(bytes)
    let length = 0
    while (length < bytes) {
      const { bytesRead } = await file
        .read(buffer, length, bytes - length, position + length)
        .catch((error: NodeJS.ErrnoException) => {
          throw new BackupError(`The backup ${path} cannot be read (${error.code ?? 'unknown error'}).`)
        })
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  }
  async function read(bytes: number): Promise<Buffer> {
    const found = await peek(bytes)
    position += found.length
    return found
  }
  return {
    read,
    /** The first line with its line break; what is read is too short for a line if there is none. */
    async readLine(): Promise<Buffer> {
      const end = (await peek(headerBytesMax)).indexOf(0x0a)
      return read(end + 1)
    },
    isAtEnd: async () => (await peek(1)).length === 0,
    async close(): Promise<void> {
      const file = await opened.catch(() => null)
      await file?.close()
    },
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten
  }
}

/** Error codes of file systems without hard links. */
const withoutHardLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

/**
 * Gives a finished file its name. Throws EEXIST if something has that name, which stays as it is: a hard link is made
 * only where there is nothing, also when another process is at work there.
 */
export async function placeNewFile(temporary: string, path: string, hardLink = link): Promise<void> {
  try {
    await hardLink(temporary, path)
  } catch (error) {
    if (!withoutHardLinks.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return renameToNew(temporary, path)
  }
  await unlink(temporary)
}

/** Fallback without hard links: a file that appears between check and rename would be overwritten. */
async function renameToNew(temporary: string, path: string): Promise<void> {
  const isFree = await lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      return true
    },
  )
  if (!isFree) throw Object.assign(new Error(`${path} is there already`), { code: 'EEXIST' })
  await rename(temporary, path)
}
