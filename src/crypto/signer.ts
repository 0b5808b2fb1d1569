import { type KeyObject, type SignKeyObjectInput, sign, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { createQueue } from './queue.ts'

type Hash = string | null

/** A key alone, where the scheme needs no options: to unpack an object that holds it takes Node as long as a fast signature. */
type SigningKey = KeyObject | SignKeyObjectInput
type VerifyingKey = KeyObject | VerifyKeyObjectInput

/** Makes and checks signatures; the hash is null for schemes that choose their own. */
export interface Signer {
  sign(hash: Hash, message: Uint8Array, key: SigningKey): Promise<Buffer>
  /** False for a signature that does not fit, whatever is wrong with it. */
  verify(hash: Hash, message: Uint8Array, key: VerifyingKey, signature: Uint8Array): Promise<boolean>
}

const signInPool = promisify<Hash, Uint8Array, SigningKey, Buffer>(sign)
const verifyInPool = promisify<Hash, Uint8Array, VerifyingKey, Uint8Array, boolean>(verify)

/** One processor is left to the thread that all else is done by: the pool has more threads than there may be of these. */
const whenFree = createQueue(Math.max(1, availableParallelism() - 1))

/** Works in the thread pool, so that nothing else waits. */
export const poolSigner: Signer = {
  sign: (...input) => whenFree(() => signInPool(...input)),
  verify: (...input) => whenFree(() => verifyInPool(...input)),
}

/** Up to this length the way to the thread pool and back costs more than the fast schemes themselves. */
const quickBytesMax = 4096

/** For schemes that take some ten microseconds: at once for short messages, in the thread pool for others. */
export const quickSigner: Signer = {
  async sign(hash, message, key) {
    return message.length > quickBytesMax ? poolSigner.sign(hash, message, key) : sign(hash, message, key)
  },
  async verify(hash, message, key, signature) {
    return message.length > quickBytesMax
      ? poolSigner.verify(hash, message, key, signature)
      : verify(hash, message, key, signature)
  },
}
