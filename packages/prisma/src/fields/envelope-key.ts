/** The key of Keystead and its version that wrap the data key of an envelope. */
export interface EnvelopeKey {
  readonly keyId: string
  readonly versionNumber: number
}

/** `KSE`, then version and suite (docs/envelope-format.md). */
const magic = [0x4b, 0x53, 0x45] as const
/** Offset of the version in a ciphertext of Keystead (docs/ciphertext-format.md). */
const versionOffset = 18

/** Reads the unauthenticated header of an envelope. Null if the bytes are none. */
export function keyOfEnvelope(bytes: Uint8Array): EnvelopeKey | null {
  if (magic.some((byte, index) => bytes[index] !== byte)) return null
  const idLength = bytes[6] ?? 0
  const wrappedAt = 7 + idLength + 1
  const wrappedLength = bytes[wrappedAt - 1] ?? 0
  if (idLength === 0 || wrappedLength < versionOffset + 4 || bytes.length < wrappedAt + wrappedLength)
    return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    keyId: String.fromCharCode(...bytes.subarray(7, 7 + idLength)),
    versionNumber: view.getUint32(wrappedAt + versionOffset),
  }
}
