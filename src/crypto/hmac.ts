import { createHmac, type KeyObject } from 'node:crypto'
import type { MacCapability } from './capabilities.ts'
import { constantTimeEqual } from './secrets.ts'

/** HMAC (RFC 2104, FIPS 198-1), never truncated. */
export function createHmacMac(hash: 'sha256' | 'sha384' | 'sha512'): MacCapability {
  const generate = (key: KeyObject, message: Uint8Array) => createHmac(hash, key).update(message).digest()
  return {
    kind: 'mac',
    generate,
    verify: (key, message, mac) => constantTimeEqual(generate(key, message), mac),
  }
}
