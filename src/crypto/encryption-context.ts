/** A name and a value of an encryption context. */
export interface ContextPair {
  readonly name: string
  readonly value: string
}

/** Encryption context: what a ciphertext is about, in clear. The order of its pairs does not matter. */
export type EncryptionContext = readonly ContextPair[]

/**
 * First bytes of every encoded context, the zero byte included. Other additional authenticated data must not begin with
 * them, so that nobody can give a context without it being on record as one.
 */
const magic = Buffer.from('keystead encryption context v1\0')

/**
 * Encodes a context as additional authenticated data: the magic bytes, the number of pairs in one byte, and then each
 * pair by its name in byte order: length of the name in one byte, the name, length of the value in two bytes (big-endian),
 * the value in UTF-8. docs/ciphertext-format.md has a test vector.
 *
 * @param context at most 255 pairs, no two of one name; names of at most 255 ASCII characters, values of 65,535 bytes
 */
export function encodeContext(context: EncryptionContext): Buffer {
  const parts: Uint8Array[] = [magic, Uint8Array.of(context.length)]
  for (const { name, value } of sortedContext(context)) {
    const bytes = Buffer.from(value)
    const valueLength = Buffer.alloc(2)
    valueLength.writeUInt16BE(bytes.length)
    parts.push(Uint8Array.of(name.length), Buffer.from(name), valueLength, bytes)
  }
  return Buffer.concat(parts)
}

/** The pairs of a context in the order of their encoding. Names are ASCII. */
export function sortedContext(context: EncryptionContext): EncryptionContext {
  return context.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Checks whether bytes begin as an encoded context does. */
export function isEncodedContext(bytes: Uint8Array): boolean {
  return magic.equals(bytes.subarray(0, magic.length))
}
