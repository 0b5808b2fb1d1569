import { type FileHandle, link, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { freshRandomBytes } from '../../crypto/secrets.ts'
import { makeFolder, syncFolder } from '../../durable-files.ts'
import { readSecretFile, SecretFileError } from '../../secret-file.ts'
import { type RootKey, RootKeyError, type RootKeySource, type Warn } from '../root-key-provider.ts'
import { createLocalRootKey, parseRootKey, rootKeyBytes } from './local.ts'

/** Root keys in a file that is protected (see `readSecretFile`): the base64 of 32 bytes a line, the newest first. */
export interface FileSource extends RootKeySource {
  /** Creates the file with one root key unless it exists. Resolves to true if it was created. */
  create(): Promise<boolean>
}

/** Root keys in the file of a path. Callers that add or remove keys must exclude each other. */
export function createFileSource(path: string, warn: Warn = () => {}): FileSource {
  async function load(from = path): Promise<string[]> {
    const lines = await readRootKeyFile(from, warn)
    if (lines === null) {
      throw new RootKeyError(
        `the root key file ${path} is missing, but the database has keys that only it can open. Put the file back; a new root key would open nothing.`,
      )
    }
    return lines
  }
  /** Where a symbolic link leads to: it stays one, and the file that is read is the one that is replaced. */
  const locate = () =>
    realpath(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return path
      throw new RootKeyError(`the root key file ${path} cannot be read (${error.code ?? 'unknown error'})`)
    })

  return {
    load: async () => (await load()).map(rootKeyOf),
    create: () => createFile(path, [newLine()]),
    async add() {
      const target = await locate()
      await replaceFile(target, [newLine(), ...(await load(target))])
    },
    async remove(rootKeyIds) {
      const target = await locate()
      const kept = (await load(target)).filter((line) => !isNamed(rootKeyOf(line), rootKeyIds))
      if (kept.length === 0) throw new RootKeyError(`no root key would be left in the file ${path}`)
      await replaceFile(target, kept)
    },
    advice: {
      add: 'Run keystead root-key rotate: it adds a root key to the file.',
      remove: 'Run keystead root-key retire: it takes them out of the file.',
    },
  }
}

function newLine(): string {
  const secret = freshRandomBytes(rootKeyBytes)
  try {
    return secret.toString('base64')
  } finally {
    secret.fill(0)
  }
}

function isRootKey(line: string): boolean {
  const secret = parseRootKey(line)
  secret?.fill(0)
  return secret !== null
}

function isNamed({ rootKeyId, formerly }: RootKey, rootKeyIds: readonly string[]): boolean {
  return rootKeyIds.includes(rootKeyId) || (formerly !== null && isNamed(formerly, rootKeyIds))
}

function rootKeyOf(line: string): RootKey {
  const secret = parseRootKey(line)
  if (secret === null) throw new TypeError('the line was read as a root key')
  return createLocalRootKey(secret)
}

/** Lines of the file, each a root key; null if the file is missing. */
async function readRootKeyFile(path: string, warn: Warn): Promise<string[] | null> {
  const text = await readSecretFile(path, { what: 'root key file', warn }).catch((error: unknown) => {
    if (!(error instanceof SecretFileError)) throw error
    if (error.code === 'ENOENT') return null
    throw new RootKeyError(error.message)
  })
  if (text === null) return null
  const lines = text.split('\n').flatMap((line) => line.trim() || [])
  if (lines.length === 0 || !lines.every(isRootKey)) {
    throw new RootKeyError(
      `the root key file ${path} does not hold the base64 of 32 bytes, one root key a line`,
    )
  }
  return lines
}

/** Creates the file unless it exists. Resolves to true if it was created. */
async function createFile(path: string, lines: readonly string[]): Promise<boolean> {
  await makeFolder(dirname(path))
  const draft = await writeDraft(path, lines)
  let isNew = true
  try {
    await link(draft, path)
  } catch (error) {
    // Another replica on this machine was first: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    isNew = false
  } finally {
    await unlink(draft)
  }
  // In either case: something will soon be stored that only this file opens.
  await syncFolder(dirname(path))
  return isNew
}

/** Puts other lines in the place of the file, which its owner can read as before. */
async function replaceFile(path: string, lines: readonly string[]): Promise<void> {
  const draft = await writeDraft(path, lines, await stat(path))
  try {
    await rename(draft, path)
  } catch (error) {
    await unlink(draft)
    throw error
  }
  await syncFolder(dirname(path))
}

/** Writes and syncs a temporary file, to be renamed: readers see the old file or the new one, never a part. */
async function writeDraft(path: string, lines: readonly string[], owner?: Owner): Promise<string> {
  const draft = `${path}.${process.pid}.${freshRandomBytes(4).toString('hex')}`
  const file = await open(draft, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new RootKeyError(
      `the root key file ${path} cannot be written: no file can be made in ${dirname(path)} (${error.code ?? 'unknown error'})`,
    )
  })
  try {
    // Before there is anything in it to read.
    if (owner !== undefined) await giveTo(owner, file, path)
    // A server may read root's file through its group.
    if (owner?.uid === 0) await file.chmod(owner.mode & 0o640)
    await file.writeFile(lines.map((line) => `${line}\n`).join(''))
    await file.sync()
  } catch (error) {
    await unlink(draft)
    throw error
  } finally {
    await file.close()
  }
  return draft
}

interface Owner {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Gives a new file to the owner of the old one: the servers must still be able to read it if another user runs the command. */
async function giveTo({ uid, gid }: Owner, file: FileHandle, path: string): Promise<void> {
  const made = await file.stat()
  if (made.uid === uid && made.gid === gid) return
  await file.chown(uid, gid).catch((error: NodeJS.ErrnoException) => {
    throw new RootKeyError(
      `the root key file ${path} belongs to user ${uid} and group ${gid}, and a new one cannot be given to them (${error.code ?? 'unknown error'}). Nothing was changed; run the command as the user of the servers.`,
    )
  })
}
