import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** Longest path of a socket, in bytes: macOS allows 103, Linux 107. */
const pathBytesMax = 103

/** True if the system has sockets that belong to one user. */
export const hasOperatorSockets = process.platform !== 'win32'

/**
 * Makes a server listen on the data folder's socket, for the folder's owner only. The caller must hold the lock of the
 * folder, so that existing sockets are leftovers.
 *
 * @returns the function that removes the socket
 */
export async function listenInFolder(server: Server, dataFolder: string): Promise<() => void> {
  const { socket, pointer, draftFolder } = pathsIn(dataFolder)
  removeLeftovers(dataFolder)
  try {
    requireShort(socket)
    // Bound in a private folder and moved once its mode is right, so that other users can never connect.
    mkdirSync(draftFolder, { mode: 0o700 })
    const draft = join(draftFolder, 's')
    await listen(server, draft)
    renameSync(draft, socket)
    rmdirSync(draftFolder)
  } catch {
    // The path is too long, or the file system has no sockets.
    await listenElsewhere(server, pointer)
  }
  return () => removeLeftovers(dataFolder)
}

/** Path of the socket of a server on the data folder; null if there can be none. */
export function findSocket(dataFolder: string): string | null {
  const { socket, pointer } = pathsIn(dataFolder)
  const elsewhere = readPointer(pointer)
  if (elsewhere === null) return Buffer.byteLength(socket) <= pathBytesMax ? socket : null
  return isOwnersFolder(dirname(elsewhere), dataFolder) ? elsewhere : null
}

function pathsIn(dataFolder: string) {
  const folder = resolve(dataFolder)
  return {
    socket: join(folder, 'keystead.sock'),
    /** Holds the path of a socket that is elsewhere. */
    pointer: join(folder, 'keystead.sock.path'),
    draftFolder: join(folder, '.sock'),
  }
}

async function listenElsewhere(server: Server, pointer: string): Promise<void> {
  const base = Buffer.byteLength(tmpdir()) < 60 ? tmpdir() : '/tmp'
  // Made with mode 0700.
  const folder = mkdtempSync(join(base, 'keystead-'))
  const path = join(folder, 's')
  await listen(server, path)
  writeFileSync(pointer, path, { mode: 0o600, flag: 'wx' })
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(path, listening)
  await promise
  server.off('error', reject)
  chmodSync(path, 0o600)
}

function requireShort(path: string): void {
  if (Buffer.byteLength(path) > pathBytesMax) throw new RangeError('the path of the socket is too long')
}

/** Removes sockets that a server has left behind. A temporary folder is removed only if it is empty. */
function removeLeftovers(dataFolder: string): void {
  const { socket, pointer, draftFolder } = pathsIn(dataFolder)
  const elsewhere = readPointer(pointer)
  if (elsewhere !== null && isOwnersFolder(dirname(elsewhere), dataFolder)) {
    rmSync(elsewhere, { force: true })
    try {
      rmdirSync(dirname(elsewhere))
    } catch {
      // It is not empty.
    }
  }
  rmSync(pointer, { force: true })
  rmSync(socket, { force: true })
  rmSync(draftFolder, { recursive: true, force: true })
}

function readPointer(pointer: string): string | null {
  try {
    return readFileSync(pointer, 'utf8')
  } catch {
    return null
  }
}

/** True if only the owner of the data folder has access to a folder: another user may have recreated a temporary one. */
function isOwnersFolder(folder: string, dataFolder: string): boolean {
  try {
    const { uid, mode } = statSync(folder)
    return uid === statSync(dataFolder).uid && (mode & 0o077) === 0
  } catch {
    return false
  }
}
