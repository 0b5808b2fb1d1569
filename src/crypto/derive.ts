import { createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'

/** HKDF with SHA-256 and no salt (RFC 5869): a key for the purpose that the label names. */
export function deriveKey(secret: Uint8Array, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), label, bytes))
}

/** HMAC-SHA-256 (RFC 2104). */
export function hmacSha256(key: KeyObject, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/** Compares without telling through time where two values differ; only a difference in length shows. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
