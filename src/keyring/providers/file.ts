import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RootKeyError, type RootKeySource } from '../root-key-provider.ts'
import { createLocalRootKey, parseRootKey, rootKeyBytes } from './local.ts'

/** Root keys in a file that only its owner can read: the base64 of 32 bytes a line, the newest first. */
export interface FileSource extends RootKeySource {
  /** Makes the file with one root key unless it is there; whether it was made. */
  create(): Promise<boolean>
}

/** Root keys in the file of a path. Whoever adds or removes some sees to it that nobody else does at that moment. */
export function createFileSource(path: string): FileSource {
  async function load(): Promise<string[]> {
    const lines = await readRootKeyFile(path)
    if (lines === null) {
      throw new RootKeyError(
        `the root key file ${path} is missing, but the database has keys that only it can open. Put the file back; a new root key would open nothing.`,
      )
    }
    return lines
  }

  return {
    load: async () => (await load()).map(rootKeyOf),
    create: () => writeFile(path, [newLine()], 'if missing'),
    async add() {
      await writeFile(path, [newLine(), ...(await load())], 'replace')
    },
    async remove(rootKeyIds) {
      const kept = (await load()).filter((line) => !rootKeyIds.includes(rootKeyOf(line).rootKeyId))
      if (kept.length === 0) throw new RootKeyError(`no root key would be left in the file ${path}`)
      await writeFile(path, kept, 'replace')
    },
    advice: {
      add: 'Run keystead root-key rotate: it adds a root key to the file.',
      remove: 'Run keystead root-key retire: it takes them out of the file.',
    },
  }
}

function newLine(): string {
  return randomBytes(rootKeyBytes).toString('base64')
}

function rootKeyOf(line: string) {
  const secret = parseRootKey(line)
  if (secret === null) throw new TypeError('the line was read as a root key')
  return createLocalRootKey(secret)
}

/** The file's lines, each of which is a root key; null if there is no file. */
async function readRootKeyFile(path: string): Promise<string[] | null> {
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
    const lines = (await file.readFile('utf8')).split('\n').flatMap((line) => line.trim() || [])
    if (lines.length === 0 || lines.some((line) => parseRootKey(line) === null)) {
      throw new RootKeyError(
        `the root key file ${path} does not hold the base64 of 32 bytes, one root key a line`,
      )
    }
    return lines
  } finally {
    await file.close()
  }
}

/** Writes aside, syncs, then moves into place: the file is there whole, as it was or as it shall be. */
async function writeFile(
  path: string,
  lines: readonly string[],
  how: 'if missing' | 'replace',
): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  let isWritten = true
  try {
    await file.writeFile(lines.map((line) => `${line}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  if (how === 'replace') {
    await rename(draft, path)
  } else {
    try {
      await link(draft, path)
    } catch (error) {
      // Another replica on this machine was first: its key is the one.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      isWritten = false
    } finally {
      await unlink(draft)
    }
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return isWritten
}
