import { createPublicKey } from 'node:crypto'
import type { GeneratedMaterial } from './capabilities.ts'
import { isSamePair } from './key-consistency.ts'
import { type KeyPairKind, lengthOfGeneration, loadPrivateKey, parsePrivateKey } from './key-pair.ts'
import type { SlowWork } from './slow-work.ts'

/** Why bytes cannot be the material of a key. */
export type ImportedMaterialFault = 'NOT_A_KEY' | 'OTHER_ALGORITHM' | 'WRONG_SIZE' | 'INCONSISTENT'

/** The bytes cannot be material of the algorithm; the message never quotes them. */
export class ImportedMaterialError extends Error {
  readonly fault: ImportedMaterialFault
  constructor(fault: ImportedMaterialFault, message: string) {
    super(message)
    this.fault = fault
  }
}

/** Takes a symmetric key that was made elsewhere. */
export async function readImportedSecret(
  bytes: Uint8Array,
  expectedBytes: number,
): Promise<GeneratedMaterial> {
  if (bytes.length !== expectedBytes) {
    throw new ImportedMaterialError(
      'WRONG_SIZE',
      `a key of this algorithm has ${expectedBytes} bytes, and nothing around them; the material has ${bytes.length}`,
    )
  }
  return { secret: Buffer.from(bytes), publicKey: null }
}

/**
 * Takes a private key that was made elsewhere: PKCS#8 DER of the right type and size, whose parts fit together. It is
 * stored as this software would have written it: attributes and an attached public key are left behind.
 */
export async function readImportedPrivateKey(
  bytes: Uint8Array,
  kind: KeyPairKind,
  work: SlowWork,
): Promise<GeneratedMaterial> {
  try {
    parsePrivateKey(bytes)
  } catch {
    throw new ImportedMaterialError(
      'NOT_A_KEY',
      'the material is not one unencrypted private key in PKCS#8 DER',
    )
  }
  const key = (() => {
    try {
      return loadPrivateKey(bytes, kind)
    } catch {
      throw new ImportedMaterialError(
        'OTHER_ALGORITHM',
        'the private key is of another type, size or curve than this algorithm, or has a public exponent that is even or below 65,537',
      )
    }
  })()
  if (!(await work(lengthOfGeneration(kind.type), () => isSamePair(key)))) {
    throw new ImportedMaterialError('INCONSISTENT', 'the parts of the private key do not fit together')
  }
  return {
    secret: key.export({ type: 'pkcs8', format: 'der' }),
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
  }
}
