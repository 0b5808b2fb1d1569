import { type SignKeyObjectInput, sign, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { promisify } from 'node:util'

type Hash = string | null

/** Makes and checks signatures; the hash is null for schemes that choose their own. */
export interface Signer {
  sign(hash: Hash, message: Uint8Array, key: SignKeyObjectInput): Promise<Buffer>
  /** False for a signature that does not fit, whatever is wrong with it. */
  verify(hash: Hash, message: Uint8Array, key: VerifyKeyObjectInput, signature: Uint8Array): Promise<boolean>
}

/** Works in the thread pool, so that nothing else waits. */
export const poolSigner: Signer = {
  sign: promisify<Hash, Uint8Array, SignKeyObjectInput, Buffer>(sign),
  verify: promisify<Hash, Uint8Array, VerifyKeyObjectInput, Uint8Array, boolean>(verify),
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
