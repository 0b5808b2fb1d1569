import { isKeysteadError } from '../../packages/client/src/index.ts'
import { TokenMissingError } from './connect.ts'
import { FileExistsError } from './new-file.ts'
import { ServerStartError } from './own-server.ts'

/** The demo cannot go on, for a reason of its own. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}

/** What can be done about some of the errors of docs/errors.md. */
const advice: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Keystead does not accept the token. Get a new one from who issues them to you.',
  FORBIDDEN: 'Your role does not allow this, or the access list of the key does not name you.',
  KEY_NOT_FOUND: 'Is the ID of the key complete, and your token for its project?',
  INVALID_KEY_STATE: 'Only an active version wraps and unwraps data keys.',
  INVALID_KEY_USAGE:
    'Data keys are made by symmetric keys: AES-256-GCM, AES-128-GCM, ChaCha20-Poly1305, XAES-256-GCM.',
  INVALID_CIPHERTEXT: 'The wrapped data key is not of this server and project, or the header was changed.',
  INVALID_ENVELOPE: 'The file is not one of this demo, or it was damaged, changed or cut off.',
}

const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not do that here',
  EPERM: 'you may not do that here',
  EROFS: 'nothing can be written here',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is full',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  ENOTDIR: 'a part of the path is not a folder',
}

/** Some lines for people; null for an unexpected error. */
export function describeError(error: unknown): string | null {
  if (isKeysteadError(error)) {
    const { code, message } = error
    const issues =
      error.code === 'INPUT_VALIDATION'
        ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
        : []
    return [`${code}: ${message}`, ...issues, advice[code] ?? []].flat().join('\n  ')
  }
  const own = [DemoError, FileExistsError, ServerStartError, TokenMissingError]
  if (own.some((type) => error instanceof type)) return (error as Error).message
  const { code, path, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return null
  return `${path ?? syscall}: ${fileErrors[code] ?? code}`
}
