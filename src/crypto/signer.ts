import { type KeyObject, type SignKeyObjectInput, sign, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { SlowWork } from './slow-work.ts'

type Hash = string | null

/** A key alone, where the scheme needs no options: to unpack an object that holds it takes Node as long as a fast signature. */
type SigningKey = KeyObject | SignKeyObjectInput
type VerifyingKey = KeyObject | VerifyKeyObjectInput

/** Makes and checks signatures; the hash is null for schemes that choose their own. */
export interface Signer {
  sign(hash: Hash, message: Uint8Array, key: SigningKey, work: SlowWork): Promise<Buffer>
  /** False for a signature that does not fit, whatever is wrong with it. */
  verify(
    hash: Hash,
    message: Uint8Array,
    key: VerifyingKey,
    signature: Uint8Array,
    work: SlowWork,
  ): Promise<boolean>
}

const signInPool = promisify<Hash, Uint8Array, SigningKey, Buffer>(sign)
const verifyInPool = promisify<Hash, Uint8Array, VerifyingKey, Uint8Array, boolean>(verify)

/** Works in the thread pool, as slow work, without blocking the event loop. */
export const poolSigner: Signer = {
  sign: (hash, message, key, work) => work('SHORT', () => signInPool(hash, message, key)),
  verify: (hash, message, key, signature, work) =>
    work('SHORT', () => verifyInPool(hash, message, key, signature)),
}

/** Up to this length the way to the thread pool and back costs more than the fast schemes themselves. */
const quickBytesMax = 4096

/** For schemes that take some ten microseconds: at once for short messages, in the thread pool for others. */
export const quickSigner: Signer = {
  async sign(hash, message, key, work) {
    return message.length > quickBytesMax
      ? poolSigner.sign(hash, message, key, work)
      : sign(hash, message, key)
  },
  async verify(hash, message, key, signature, work) {
    return message.length > quickBytesMax
      ? poolSigner.verify(hash, message, key, signature, work)
      : verify(hash, message, key, signature)
  },
}
