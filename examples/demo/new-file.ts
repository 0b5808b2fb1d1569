import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { lstat, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

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
 * Writes a file that appears under its name only when all of the content has come; until then, and if it fails, nobody can
 * take a part for the whole.
 */
export async function writeNewFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await assertNothingAt(path)
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    await pipeline(content, createWriteStream(temporaryPath, { flags: 'wx', mode: 0o600, flush: true }), {
      signal,
    })
    await assertNothingAt(path)
    await rename(temporaryPath, path)
  } catch (error) {
    await rm(temporaryPath, { force: true })
    throw signal.aborted ? signal.reason : error
  }
}
