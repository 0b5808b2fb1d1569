import { createSecretKey, type KeyObject } from 'node:crypto'
import type { GeneratedMaterial } from './capabilities.ts'
import { freshRandomBytes } from './random.ts'

/** A new symmetric key. */
export async function generateSecret(bytes: number): Promise<GeneratedMaterial> {
  return { secret: freshRandomBytes(bytes), publicKey: null }
}

/** Reads a stored symmetric key; throws TypeError if it is of another length. */
export function loadSecret(secret: Uint8Array, bytes: number): KeyObject {
  if (secret.length !== bytes) throw new TypeError('a symmetric key of another length')
  return createSecretKey(secret)
}
