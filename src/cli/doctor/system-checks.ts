import { readdirSync, type Stats, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { budgetMemory, workersHere } from '../../memory-limit.ts'
import { openFilesLimit, shareOpenFiles } from '../../open-files.ts'
import { rootKeyFileOf } from '../../open-root-keys.ts'
import { type Check, failed, passed, warned } from '../../operator/check.ts'
import { isProtected } from '../../secret-file.ts'
import { parsePostgresUrl } from '../../store/postgres/url.ts'

const mebibyte = 2 ** 20
/** Free space below which the embedded database cannot go on, and below which to make room, in bytes. */
const diskMin = { stop: 64 * mebibyte, low: 1024 * mebibyte }

/** Checks that secret files can be read, and by their owner only. Corrects nothing. */
export function checkFiles(config: Config): Check {
  const name = 'files'
  const problems = [...secretFileProblems(config), ...folderProblems(config)]
  if (problems.length > 0) {
    return failed(
      name,
      problems.map(({ text }) => text).join(' '),
      problems.map(({ advice }) => advice).join(' '),
    )
  }
  const isTogether =
    config.ROOT_KEY_PROVIDER === 'file' &&
    config.DATABASE_URL === null &&
    !config.developmentMode &&
    dirname(resolve(rootKeyFileOf(config))) === resolve(config.DATA_FOLDER)
  if (isTogether) {
    return warned(
      name,
      `The root key file is in the data folder ${config.DATA_FOLDER}, next to the database that it protects. A copy of the folder is a copy of all keys.`,
      'Set ROOT_KEY_FILE to a file elsewhere, and move the file there while the server is stopped.',
    )
  }
  return passed(name, 'Secret files are accessible to their owners only.')
}

/** A problem of a file. */
interface Problem {
  readonly text: string
  readonly advice: string
}

/** Problems of secret files. Reading such a file would correct its mode. */
export function secretFileProblems(config: Config): Problem[] {
  return secretFilesOf(config).flatMap(problemsOf)
}

/** Secret files of the settings that exist before the first start. */
function secretFilesOf(config: Config): { path: string; mayBeMissing: boolean }[] {
  const rootKey =
    config.ROOT_KEY_PROVIDER === 'file' ? [{ path: rootKeyFileOf(config), mayBeMissing: true }] : []
  const databaseKey = config.DATABASE_URL === null ? null : databaseKeyOf(config.DATABASE_URL)
  const others = [
    config.PKCS11_PIN_FILE,
    config.CONSOLE_OIDC_CLIENT_SECRET_FILE,
    config.TLS_KEY_FILE,
    databaseKey,
  ]
  return [...rootKey, ...others.flatMap((path) => (path === null ? [] : [{ path, mayBeMissing: false }]))]
}

/** File with the private key of the connection to the database; null if there is none. */
function databaseKeyOf(url: string): string | null {
  try {
    return parsePostgresUrl(url).files.privateKey
  } catch {
    // The check of the database reports it.
    return null
  }
}

function problemsOf({ path, mayBeMissing }: { path: string; mayBeMissing: boolean }): Problem[] {
  const found = statOf(path)
  if ('code' in found) {
    // The check of the data reports a root key file that is missing though there is a database.
    if (mayBeMissing && found.code === 'ENOENT') return []
    return [
      {
        text: `The file ${path} cannot be read (${found.code}).`,
        advice: `Check the path, and that this user may read it.`,
      },
    ]
  }
  if (process.platform === 'win32' || !found.isFile() || isProtected(found)) return []
  return [
    {
      text: `Others than its owner have access to ${path} (mode ${(found.mode & 0o777).toString(8)}, user ${found.uid}).`,
      advice: `Run chmod ${found.uid === 0 ? '640' : '600'} ${path}. If somebody else may have read it, replace the secret.`,
    },
  ]
}

function folderProblems({ DATABASE_URL, DATA_FOLDER }: Config): Problem[] {
  if (DATABASE_URL !== null) return []
  const found = statOf(DATA_FOLDER)
  if ('code' in found) {
    return found.code === 'ENOENT'
      ? []
      : [
          {
            text: `The data folder ${DATA_FOLDER} cannot be read (${found.code}).`,
            advice: 'Choose another one with DATA_FOLDER.',
          },
        ]
  }
  const ownUid = process.geteuid?.()
  if (ownUid === undefined || ownUid === 0 || found.uid === ownUid) return []
  return [
    {
      text: `The data folder ${DATA_FOLDER} belongs to user ${found.uid}, and this command runs as user ${ownUid}.`,
      advice: 'Run the command as the user of the server.',
    },
  ]
}

function statOf(path: string): Stats | { readonly code: string } {
  try {
    return statSync(path)
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'unknown error' }
  }
}

/** Checks the free space and the free inodes of the disk with the data folder. */
export function checkDisk({ DATA_FOLDER, DATABASE_URL }: Config): Check {
  const name = 'disk'
  if (DATABASE_URL !== null) {
    return passed(name, 'The database is on a server, whose disk this command cannot see; watch it there.')
  }
  const folder = nearestFolder(resolve(DATA_FOLDER))
  const { bavail, bsize, files, ffree } = statfsSync(folder)
  const freeBytes = bavail * bsize
  const free = `${Math.floor(freeBytes / mebibyte)} MiB are free in ${folder}.`
  const advice =
    'Make room, or prune the audit trail (docs/audit.md). A full disk stops the server; nothing that it acknowledged is lost.'
  if (freeBytes < diskMin.stop) return failed(name, free, advice)
  // File systems without a fixed number of inodes report none.
  if (files > 0 && ffree < 100) return failed(name, `Only ${ffree} inodes are free in ${folder}.`, advice)
  return freeBytes < diskMin.low ? warned(name, free, advice) : passed(name, free)
}

function nearestFolder(folder: string): string {
  try {
    readdirSync(folder)
    return folder
  } catch {
    return dirname(folder) === folder ? folder : nearestFolder(dirname(folder))
  }
}

/** Checks the limits of this process, which are those of the server if both were started alike. */
export function checkLimits(config: Config): Check[] {
  return [checkMemory(config), checkDescriptors(config)]
}

function checkMemory(config: Config): Check {
  const name = 'memory'
  const { limitMiB, neededMiB, isShort } = budgetMemory(config, undefined, workersHere(config))
  const has = `A process may use ${limitMiB} MiB here`
  if (!isShort) return passed(name, `${has}.`)
  return warned(
    name,
    `${has}, and the server needs ${neededMiB} MiB. Above its limit, the kernel ends it without a message.`,
    'Raise the limit of the container or of the unit (docs/install.md).',
  )
}

function checkDescriptors(config: Config): Check {
  const name = 'descriptors'
  const limit = openFilesLimit()
  const { connectionsMax, isShort } = shareOpenFiles(config, limit)
  if (!isShort) return passed(name, `${limit ?? 'Any number of'} open files are enough for CONNECTIONS_MAX.`)
  return warned(
    name,
    `The limit of ${limit} open files allows ${connectionsMax} connections, and CONNECTIONS_MAX is ${config.CONNECTIONS_MAX}.`,
    'Raise the limit (ulimit -n, LimitNOFILE), or lower CONNECTIONS_MAX.',
  )
}
