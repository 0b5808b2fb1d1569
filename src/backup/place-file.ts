import { link, lstat, rename, unlink } from 'node:fs/promises'

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
