import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CommandError, UsageError } from '../command-line/command.ts'
import { syncFolder } from '../durable-files.ts'

/** A login that was saved. Times are RFC 3339. */
export interface SavedLogin {
  /** Address of the server. The token is sent nowhere else. */
  readonly server: string
  /** Who gives tokens: an OpenID provider, or a server in development mode. */
  readonly source: LoginSource
  readonly token: string
  /** Null if nobody told. */
  readonly expiresAt: string | null
}

/** Where a new token comes from. */
export type LoginSource = ProviderSource | { readonly kind: 'development'; readonly persona: string }

/** A login at an OpenID provider. */
export interface ProviderSource {
  readonly kind: 'oidc'
  readonly issuer: string
  readonly clientId: string
  /** Parameters "resource" (RFC 8707), which the token endpoint needs again. */
  readonly resources: readonly string[]
  /** The token of the provider that is sent to the server. */
  readonly tokenKind: 'access_token' | 'id_token'
  readonly subject: string
  /** Null if the login cannot be renewed. */
  readonly refreshToken: string | null
}

/** The saved logins of a person. */
export interface SavedLogins {
  /** The file of the profile. */
  readonly file: string
  /** Null if there is none. */
  read(): Promise<SavedLogin | null>
  /** Replaces the file at once: others read the old one or the new one, never a part. */
  write(login: SavedLogin): Promise<void>
  /** Resolves to false if there was none. */
  remove(): Promise<boolean>
  /** Runs something that no other command does at the same time, such as using a refresh token. */
  alone<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T>
}

type Environment = Readonly<Record<string, string | undefined>>

const profileForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const formatVersion = 1
/** Others of the group, or all, have some permission. */
const othersMask = 0o077
const othersWriteMask = 0o022

/** How long a lock may be held: longer than the requests to a provider may take. A crash leaves one behind. */
const lockLifetimeMs = 40_000
const lockWaitMs = 100

/**
 * Opens the saved login of a profile.
 *
 * @throws UsageError if the name is not one
 */
export function openSavedLogins(profile: string, environment: Environment): SavedLogins {
  if (!profileForm.test(profile)) {
    throw new UsageError('A profile has a name of up to 64 letters, digits, "-" and "_".')
  }
  const folder = folderOf(environment)
  const file = join(folder, `${profile}.json`)
  const lock = `${file}.lock`

  return {
    file,
    async read() {
      await checkFolder(folder)
      const text = await readProtected(file, 'login')
      return text === null ? null : parse(text, file)
    },
    async write(login) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await checkFolder(folder)
      const unfinished = `${file}.${randomBytes(6).toString('hex')}`
      try {
        const handle = await open(unfinished, 'wx', 0o600)
        try {
          await handle.writeFile(`${JSON.stringify({ version: formatVersion, ...login }, null, 2)}\n`)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await rename(unfinished, file)
        await syncFolder(folder)
      } catch (error) {
        await rm(unfinished, { force: true })
        throw new CommandError(`The login cannot be saved in ${file} (${codeOf(error)}).`)
      }
    },
    async remove() {
      try {
        await rm(file)
        return true
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return false
        throw new CommandError(`The file ${file} cannot be deleted (${codeOf(error)}).`)
      }
    },
    async alone(run, signal) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await takeLock(lock, signal)
      try {
        return await run()
      } finally {
        await rm(lock, { force: true })
      }
    },
  }
}

/**
 * Reads a file with a secret; null if there is none.
 *
 * @throws CommandError if others than its owner have access to it, or it cannot be read
 */
export async function readProtected(path: string, what: string): Promise<string | null> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new CommandError(`The file ${path} with the ${what} cannot be read (${codeOf(error)}).`)
  }
  try {
    const found = await handle.stat()
    // The modes of pipes are not chosen by a person, and Windows has no modes.
    if (found.isFile() && process.geteuid !== undefined && (found.mode & othersMask) !== 0) {
      const mode = (found.mode & 0o777).toString(8)
      throw new CommandError(
        `Others may have access to the file ${path} with the ${what} (mode ${mode}), so it is not used. If nobody has read it: chmod 600 ${path}`,
      )
    }
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`The file ${path} with the ${what} cannot be read (${codeOf(error)}).`)
  } finally {
    await handle.close()
  }
}

/** `$XDG_CONFIG_HOME/keystead`, or `~/.config/keystead`. The specification ignores relative paths. */
function folderOf({
  XDG_CONFIG_HOME: configured = '',
  APPDATA: appData = '',
  HOME: home = '',
}: Environment): string {
  if (isAbsolute(configured)) return join(configured, 'keystead')
  if (process.platform === 'win32' && isAbsolute(appData)) return join(appData, 'keystead')
  return join(isAbsolute(home) ? home : homedir(), '.config', 'keystead')
}

/** Refuses a folder in which others could replace a file. */
async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null)
  if (found === null || process.geteuid === undefined) return
  const isOthers = found.uid !== process.geteuid() && found.uid !== 0
  if (!isOthers && (found.mode & othersWriteMask) === 0) return
  throw new CommandError(
    `Others may change the folder ${folder}, so the logins in it are not used. If it is yours: chmod 700 ${folder}`,
  )
}

async function takeLock(lock: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + 2 * lockLifetimeMs
  while (!(await createEmpty(lock))) {
    if (await isOlderThan(lock, lockLifetimeMs)) await breakLock(lock)
    else await setTimeout(lockWaitMs, undefined, { signal })
    if (performance.now() > deadline) throw lockError(lock)
  }
}

/** Removes the lock of a command that crashed. Two commands that do this at once must not remove a new lock. */
async function breakLock(lock: string): Promise<void> {
  const breaking = `${lock}.break`
  if (!(await createEmpty(breaking))) {
    if (await isOlderThan(breaking, lockLifetimeMs)) throw lockError(breaking)
    return
  }
  try {
    if (await isOlderThan(lock, lockLifetimeMs)) await rm(lock, { force: true })
  } finally {
    await rm(breaking, { force: true })
  }
}

function lockError(file: string): CommandError {
  return new CommandError(
    `Another keystead is renewing the login, or has left the file ${file} behind. If no other one runs, delete the file.`,
  )
}

async function createEmpty(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw new CommandError(`The file ${path} cannot be written (${codeOf(error)}).`)
  }
}

async function isOlderThan(path: string, ageMs: number): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return found !== null && Date.now() - found.mtimeMs > ageMs
}

function parse(text: string, file: string): SavedLogin {
  const unreadable = new CommandError(
    `The file ${file} is not a login of this release. Sign in again: keystead login`,
  )
  let content: Partial<SavedLogin & { readonly version: number }>
  try {
    content = JSON.parse(text)
  } catch {
    throw unreadable
  }
  const { version, server, source, token, expiresAt } = content ?? {}
  const isComplete =
    version === formatVersion &&
    [server, token, source?.kind].every((each) => typeof each === 'string') &&
    (expiresAt === null || !Number.isNaN(Date.parse(String(expiresAt))))
  if (!isComplete) throw unreadable
  return content as SavedLogin
}

/** Code of a system error. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : 'unknown error'
}
