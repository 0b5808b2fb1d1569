import { createSecretKey, randomFillSync } from 'node:crypto'
import { sealWith } from '../src/crypto/aead.ts'
import { freshRandomBytes } from '../src/crypto/secrets.ts'

/**
 * What a nonce costs that is drawn with each encryption from two generators, beside one that is cut from a block drawn
 * ahead, as earlier releases did. Processor time, so that other programs on the machine count for little.
 */

const rounds = 100_000
const key = createSecretKey(freshRandomBytes(32))
const message = { plaintext: Buffer.alloc(256), associatedData: Buffer.alloc(22) }

const block = Buffer.alloc(4096)
let used = block.length
function cutFromBlock(): Buffer {
  if (used + 12 > block.length) {
    randomFillSync(block)
    used = 0
  }
  used += 12
  return Buffer.from(block.subarray(used - 12, used))
}

const measured = {
  'nonce drawn ahead': cutFromBlock,
  'nonce drawn now, from OpenSSL': () => randomFillSync(Buffer.alloc(12)),
  'nonce drawn now, from OpenSSL and the kernel': () => freshRandomBytes(12),
  'AES-256-GCM of 256 B, nonce drawn ahead': () =>
    sealWith('aes-256-gcm', { key, nonce: cutFromBlock(), ...message }),
  'AES-256-GCM of 256 B, nonce drawn now': () =>
    sealWith('aes-256-gcm', { key, nonce: freshRandomBytes(12), ...message }),
}

for (const [what, run] of Object.entries(measured)) {
  for (let warmUp = 0; warmUp < rounds / 10; warmUp++) run()
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round++) run()
  const { user, system } = process.cpuUsage(before)
  console.log(`${((user + system) / rounds).toFixed(2)} µs  ${what}`)
}
