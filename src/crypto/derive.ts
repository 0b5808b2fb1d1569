import { createHmac, hkdf, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { readPrivateKey } from './read-private-key.ts'

const deriveInPool = promisify(hkdf)

/** Input of HKDF (RFC 5869). */
export interface HkdfInput {
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly secret: Uint8Array
  readonly salt: Uint8Array
  readonly info: Uint8Array
  /** Length of the output. */
  readonly bytes: number
}

/** HKDF (RFC 5869) in the thread pool. */
export async function deriveBytes({ hash, secret, salt, info, bytes }: HkdfInput): Promise<Buffer> {
  return Buffer.from(await deriveInPool(hash, secret, salt, info, bytes))
}

/** HKDF with SHA-256 and no salt (RFC 5869): a key for the purpose that the label names. */
export function deriveKey(secret: Uint8Array, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), label, bytes))
}

/** HMAC-SHA-256 (RFC 2104) of bytes, or of a text in UTF-8. */
export function hmacSha256(key: KeyObject, data: Uint8Array | string): Buffer<ArrayBuffer> {
  return createHmac('sha256', key).update(data).digest()
}

/** Compares without telling through time where two values differ; only a difference in length shows. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** DER before the seed in the PKCS#8 form of an Ed25519 private key (RFC 8410 §7). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The Ed25519 private key of a seed of 32 bytes (RFC 8032 §5.1.5), which the caller zeroes. */
export function createEd25519Key(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new TypeError('an Ed25519 seed has 32 bytes')
  const key = Buffer.concat([ed25519Prefix, seed])
  try {
    return readPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } finally {
    key.fill(0)
  }
}
