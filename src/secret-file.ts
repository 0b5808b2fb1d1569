import { type FileHandle, open } from 'node:fs/promises'

/** A secret file cannot be read, or its permissions are too wide. For the operator. */
export class SecretFileError extends Error {
  /** Code of the system error, e.g. `ENOENT`; null for wrong permissions. */
  readonly code: string | null
  constructor(message: string, code: string | null = null) {
    super(message)
    this.code = code
  }
}

/** Name of a secret file in messages, and the receiver of warnings. */
export interface SecretFileOptions {
  /** Kind of file, e.g. `root key file`. */
  readonly what: string
  /** Called when the mode of the file was corrected. */
  readonly warn: (text: string) => void
}

/** Owner and permissions of a file. */
export interface FileAccess {
  readonly uid: number
  readonly mode: number
}

/**
 * Reads a file with a secret: a root key, a PIN, a passphrase, a private key.
 *
 * @throws SecretFileError if it cannot be read, or its permissions are wider than {@link isProtected} allows
 */
export async function readSecretFile(path: string, options: SecretFileOptions): Promise<string> {
  const { what } = options
  const cannotRead = ({ code = 'unknown error' }: NodeJS.ErrnoException) =>
    new SecretFileError(`the ${what} ${path} cannot be read (${code})`, code)
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw cannotRead(error)
  })
  try {
    await protect(file, path, options)
    return await file.readFile('utf8').catch((error: NodeJS.ErrnoException) => {
      throw cannotRead(error)
    })
  } finally {
    await file.close()
  }
}

/**
 * True if the permissions of a file protect its secret, by PostgreSQL's rule for private keys. A file of root may be readable
 * by a group, as mounted secrets are. Other files must be accessible to their owner only.
 */
export function isProtected({ uid, mode }: FileAccess): boolean {
  return (mode & (uid === 0 ? 0o037 : 0o077)) === 0
}

/** Removes permissions of others from a file of our own: mounting a volume with `fsGroup` adds them each time. */
async function protect(file: FileHandle, path: string, { what, warn }: SecretFileOptions): Promise<void> {
  const ownUid = process.geteuid?.()
  const found = await file.stat()
  // The modes of pipes and terminals are not chosen by an operator, and Windows has no modes.
  if (ownUid === undefined || !found.isFile() || isProtected(found)) return
  const mode = (found.mode & 0o777).toString(8)
  const exposed = `others than its owner have access to the ${what} ${path} (mode ${mode}, user ${found.uid})`
  if (found.uid !== ownUid) throw new SecretFileError(`${exposed}: ${adviceFor(found, path)}`)
  const failure = await file.chmod(found.mode & 0o600).then(
    () => null,
    ({ code = 'unknown error' }: NodeJS.ErrnoException) => code,
  )
  // Some file systems accept a mode and keep their own.
  if (failure !== null || !isProtected(await file.stat())) {
    const why = failure === null ? 'the file system keeps it' : failure
    throw new SecretFileError(
      `${exposed}, and the mode cannot be corrected (${why}): ${adviceFor(found, path)}`,
    )
  }
  warn(`${exposed}: the mode was set to 600. If somebody else may have read it, replace the secret`)
}

function adviceFor({ uid }: FileAccess, path: string): string {
  return uid === 0
    ? `set its mode to 640 or 400 (chmod 640 ${path}; for a Kubernetes Secret: defaultMode 0400)`
    : `set its mode to 600 (chmod 600 ${path})`
}
