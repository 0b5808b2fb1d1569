import { randomBytes } from 'node:crypto'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RootKeyError, type RootKeyProvider } from '../root-key-provider.ts'
import { createLocalProvider, parseRootKey, rootKeyBytes } from './local.ts'

/**
 * The root key in a file that only its owner can read.
 *
 * @param mayCreate whether a missing file is made: only beside an empty database, since a new key would open nothing
 *   of an existing one
 */
export async function openFileProvider(path: string, mayCreate: boolean): Promise<RootKeyProvider> {
  const existing = await readRootKeyFile(path)
  if (existing !== null) return createLocalProvider(existing)
  if (!mayCreate) {
    throw new RootKeyError(
      `the root key file ${path} is missing, but the database has keys that only it can open. Put the file back; a new root key would open nothing.`,
    )
  }
  await createRootKeyFile(path)
  const created = await readRootKeyFile(path)
  if (created === null) throw new RootKeyError(`the root key file ${path} vanished while it was being made`)
  return createLocalProvider(created)
}

async function readRootKeyFile(path: string): Promise<Buffer | null> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new RootKeyError(`the root key file ${path} cannot be read (${error.code ?? 'unknown error'})`)
  })
  if (file === null) return null
  try {
    const { mode } = await file.stat()
    if ((mode & 0o077) !== 0) {
      throw new RootKeyError(
        `others can read the root key file ${path}: set its mode to 600 (chmod 600 ${path})`,
      )
    }
    const secret = parseRootKey(await file.readFile('utf8'))
    if (secret === null)
      throw new RootKeyError(`the root key file ${path} does not hold the base64 of 32 bytes`)
    return secret
  } finally {
    await file.close()
  }
}

/** Writes aside, syncs, then links into place: the file is there whole or not at all, and never replaces another. */
async function createRootKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(rootKeyBytes).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } catch (error) {
    // Another replica on this machine was first: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
