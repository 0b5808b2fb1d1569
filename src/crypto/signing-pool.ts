import { type SignKeyObjectInput, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'

type Hash = string | null

/** Signs in the thread pool; the hash is null for schemes that choose their own. */
export const signInPool = promisify<Hash, Uint8Array, SignKeyObjectInput, Buffer>(sign)

/** Verifies in the thread pool; false for a signature that does not fit, whatever is wrong with it. */
export const verifyInPool = promisify<Hash, Uint8Array, SignKeyObjectInput, Uint8Array, boolean>(verify)
