import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'

/** There is something already where a file was to be written. */
export class FileExistsError extends Error {
  override readonly name = 'FileExistsError'

  constructor(path: string) {
    super(`${path} exists already, and nothing is overwritten. Move it away first.`)
  }
}

/** @throws FileExistsError */
export async function assertNothingAt(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (found !== null) throw new FileExistsError(path)
}

/**
 * Writes a file that appears under its name only when `write` has ended well; until then, and if it fails, nobody can
 * take a part for the whole.
 */
export async function writeNewFile<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  await assertNothingAt(path)
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    const file = await open(temporaryPath, 'wx', 0o600)
    let result: T
    try {
      result = await write(file)
      await file.sync()
    } finally {
      await file.close()
    }
    await assertNothingAt(path)
    await rename(temporaryPath, path)
    return result
  } catch (error) {
    await rm(temporaryPath, { force: true })
    throw error
  }
}
