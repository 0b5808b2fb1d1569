import { createHmac, hkdf, hkdfSync, type KeyObject, randomFillSync, timingSafeEqual } from 'node:crypto'
import { openSync, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { readPrivateKey } from './read-private-key.ts'

/** The kernel's generator; null on systems without this file. */
const kernelGenerator = openKernelGenerator()

/**
 * Random bytes for nonces, secrets and symmetric keys, drawn when they are needed.
 *
 * OpenSSL's generator keeps its state in the memory of the process: a copy of a running machine draws the same bytes as
 * the original, also where each call asks for its own. The kernel's generator is asked each time as well. It is seeded
 * anew when a virtual machine is copied (VM generation ID), and is not copied with a process. The two are combined, so
 * that the bytes are as good as those of the better one.
 */
export function freshRandomBytes(length: number): Buffer {
  const bytes = randomFillSync(Buffer.alloc(length))
  if (kernelGenerator === null) return bytes
  const kernelBytes = readKernelGenerator(kernelGenerator, length)
  for (const [index, byte] of kernelBytes.entries()) bytes[index] = (bytes[index] ?? 0) ^ byte
  kernelBytes.fill(0)
  return bytes
}

function openKernelGenerator(): number | null {
  try {
    return openSync('/dev/urandom', 'r')
  } catch {
    return null
  }
}

function readKernelGenerator(file: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let read = 0; read < length; ) read += readSync(file, bytes, read, length - read, null)
  return bytes
}

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
