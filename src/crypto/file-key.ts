import {
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  scrypt,
} from 'node:crypto'
import { freshRandomBytes } from './secrets.ts'

/** Data from which the key of an encrypted file is derived; part of the file's first line. */
export type FileLock =
  | {
      readonly kind: 'x25519'
      /** The file's own public key, 32 bytes in base64url. */
      readonly ephemeral: string
      /** First 16 bytes of SHA-256 of the recipient's public key, in base64url: says which private key is needed. */
      readonly recipient: string
    }
  | {
      readonly kind: 'scrypt'
      /** 32 random bytes in base64url. */
      readonly salt: string
      /** Binary logarithm of scrypt's N. */
      readonly logN: number
      readonly r: number
      readonly p: number
    }

/** Secret that opens a file. */
export type FileSecret =
  | { readonly kind: 'x25519'; readonly privateKey: KeyObject }
  | { readonly kind: 'scrypt'; readonly passphrase: Buffer }

/** Recipient that a file is encrypted for. */
export type FileRecipient =
  | { readonly kind: 'x25519'; readonly publicKey: KeyObject }
  | { readonly kind: 'scrypt'; readonly passphrase: Buffer }

/** Keys of one file: one encrypts its content, the other authenticates its first line. */
export interface FileKeys {
  readonly content: Buffer
  readonly header: Buffer
}

/** The secret is not the one that the file needs: of another kind, or of another recipient. */
export class OtherSecretError extends Error {}

/** 128 MiB of memory and some tenths of a second for each guess (OWASP's first choice, RFC 7914). */
const scryptCost = { logN: 17, r: 8, p: 1 } as const
const scryptBytesMax = 256 * 1024 * 1024

/** Locks a new file: what goes into its first line, and what its keys are derived from. */
export async function lockFile(recipient: FileRecipient): Promise<{ lock: FileLock; shared: Buffer }> {
  if (recipient.kind === 'scrypt') {
    const lock: FileLock = { kind: 'scrypt', salt: freshRandomBytes(32).toString('base64url'), ...scryptCost }
    return { lock, shared: await stretch(recipient.passphrase, lock) }
  }
  const own = generateKeyPairSync('x25519')
  const lock: FileLock = {
    kind: 'x25519',
    ephemeral: rawOf(own.publicKey),
    recipient: fingerprintOf(recipient.publicKey),
  }
  return { lock, shared: diffieHellman({ privateKey: own.privateKey, publicKey: recipient.publicKey }) }
}

/**
 * What the keys of a file are derived from.
 *
 * @throws OtherSecretError if it shows at once that the secret is another one
 */
export async function unlockFile(lock: FileLock, secret: FileSecret): Promise<Buffer> {
  if (lock.kind === 'scrypt') {
    if (secret.kind !== 'scrypt') throw new OtherSecretError('it needs a passphrase, not a private key')
    return stretch(secret.passphrase, lock)
  }
  if (secret.kind !== 'x25519') throw new OtherSecretError('it needs a private key, not a passphrase')
  const { privateKey } = secret
  if (fingerprintOf(createPublicKey(privateKey)) !== lock.recipient) {
    throw new OtherSecretError('it was made for another recipient')
  }
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: lock.ephemeral }, format: 'jwk' })
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch {
    // OpenSSL refuses points of small order, for which the result would be zero whatever the private key is.
    throw new OtherSecretError('its own public key is not usable')
  }
}

/** Keys for one file; the salt is its first line, which thereby cannot be changed (RFC 5869). */
export function deriveFileKeys(shared: Buffer, header: Buffer): FileKeys {
  const salt = createHash('sha256').update(header).digest()
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', shared, salt, label, 32))
  return { content: derive('keystead backup content v1'), header: derive('keystead backup header v1') }
}

/** The lock in a file's first line; null for what is none, or would need unreasonable memory. */
export function parseLock(value: unknown): FileLock | null {
  const lock = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<string, unknown>>
  const { kind, ephemeral, recipient, salt, logN, r, p } = lock
  if (kind === 'x25519' && isBytes(ephemeral, 32) && isBytes(recipient, 16)) {
    return { kind, ephemeral, recipient }
  }
  if (kind !== 'scrypt' || !isBytes(salt, 32)) return null
  const isCost = [logN, r, p].every((each) => Number.isSafeInteger(each) && Number(each) >= 1)
  if (!isCost || Number(logN) > 20 || 128 * Number(r) * 2 ** Number(logN) > scryptBytesMax / 2) return null
  return Number(p) > 4 ? null : { kind, salt, logN: Number(logN), r: Number(r), p: Number(p) }
}

function stretch(passphrase: Buffer, lock: FileLock & { kind: 'scrypt' }): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const options = { N: 2 ** lock.logN, r: lock.r, p: lock.p, maxmem: scryptBytesMax }
  scrypt(passphrase, Buffer.from(lock.salt, 'base64url'), 32, options, (error, key) =>
    error === null ? resolve(key) : reject(error),
  )
  return promise
}

function rawOf(publicKey: KeyObject): string {
  const { x } = publicKey.export({ format: 'jwk' })
  if (x === undefined) throw new TypeError('an X25519 key has a public value')
  return x
}

function fingerprintOf(publicKey: KeyObject): string {
  const digest = createHash('sha256')
    .update(Buffer.from(rawOf(publicKey), 'base64url'))
    .digest()
  return digest.subarray(0, 16).toString('base64url')
}

function isBytes(value: unknown, bytes: number): value is string {
  if (typeof value !== 'string') return false
  const decoded = Buffer.from(value, 'base64url')
  return decoded.length === bytes && decoded.toString('base64url') === value
}
