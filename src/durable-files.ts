import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** Error codes of systems that cannot sync a folder, where the file system makes names durable by itself. */
const withoutFolderSync = new Set(['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM'])

/** Files that are synced concurrently, so that a journal can commit several of them at once. */
const filesAtOnce = 16

/** Makes the names in a folder durable: created, renamed or removed entries survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await syncPath(folder)
  } catch (error) {
    if (!withoutFolderSync.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Makes a folder and everything below it durable, but not the name of the folder itself. */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name))
  for (let start = 0; start < files.length; start += filesAtOnce) {
    await Promise.all(files.slice(start, start + filesAtOnce).map(syncPath))
  }
  for (const entry of entries) if (entry.isDirectory()) await syncTree(join(folder, entry.name))
  await syncFolder(folder)
}

/** Creates a folder and its missing parents, and makes each new name durable. Existing folders are not changed. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  const topmost = dirname(resolve(first))
  for (let parent = dirname(resolve(folder)); ; parent = dirname(parent)) {
    await syncFolder(parent)
    if (parent === topmost || parent === dirname(parent)) return
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
