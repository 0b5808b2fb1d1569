/** The key of Keystead and its version that wrap the data key of an envelope. */
export interface EnvelopeKey {
  readonly keyId: string
  readonly versionNumber: number
}

/** `KSE`, then version and suite (docs/envelope-format.md). */
const magic = [0x4b, 0x53, 0x45] as const
/** Offset of the key's ID, behind its length. */
const idBegin = 7
/** Offset of the version in a ciphertext of Keystead (docs/ciphertext-format.md). */
const versionOffset = 18

/** Tells whether bytes begin like an envelope, as far as this package reads them. */
export function isEnvelope(bytes: Uint8Array): boolean {
  for (const [index, byte] of magic.entries()) if (bytes[index] !== byte) return false
  const idLength = bytes[6] ?? 0
  const wrappedAt = idBegin + idLength + 1
  const wrappedLength = bytes[wrappedAt - 1] ?? 0
  return idLength > 0 && wrappedLength >= versionOffset + 4 && bytes.length >= wrappedAt + wrappedLength
}

/** Reads the unauthenticated header of an envelope. Null if the bytes are none. */
export function keyOfEnvelope(bytes: Uint8Array): EnvelopeKey | null {
  if (!isEnvelope(bytes)) return null
  const idEnd = idBegin + (bytes[6] ?? 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    keyId: String.fromCharCode(...bytes.subarray(idBegin, idEnd)),
    versionNumber: view.getUint32(idEnd + 1 + versionOffset),
  }
}
