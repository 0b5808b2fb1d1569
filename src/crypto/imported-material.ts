import type { GeneratedMaterial } from './capabilities.ts'

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
