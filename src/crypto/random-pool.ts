import { randomFillSync } from 'node:crypto'

const poolBytes = 4096
const pool = Buffer.alloc(poolBytes)
let used = poolBytes

/**
 * Random bytes for nonces, cut from a larger block: one call of the operating system's generator for many nonces is
 * many times as fast as one for each. No byte is given out twice. Not for keys.
 */
export function randomNonce(bytes: number): Buffer {
  if (used + bytes > poolBytes) {
    randomFillSync(pool)
    used = 0
  }
  const nonce = Buffer.from(pool.subarray(used, used + bytes))
  pool.fill(0, used, used + bytes)
  used += bytes
  return nonce
}
