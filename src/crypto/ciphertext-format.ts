/** Which key, version and algorithm made a ciphertext. */
export interface CiphertextHeader {
  /** The algorithm, by its number in the algorithm table. */
  readonly formatId: number
  /** UUID of the key. */
  readonly keyId: string
  readonly version: number
}

/** A ciphertext taken apart; nothing in it is proven before it is opened. */
export interface ParsedCiphertext extends CiphertextHeader {
  readonly headerBytes: Uint8Array
  /** nonce ‖ body ‖ tag. */
  readonly sealed: Uint8Array
}

/** First byte of every ciphertext: the version of the layout. */
const layoutVersion = 0x01

/** Layout version (1), algorithm (1), key (16), version number (4, big-endian). See docs/ciphertext-format.md. */
const headerBytes = 22

/** The header of a ciphertext; it is authenticated in front of the caller's additional authenticated data. */
export function encodeHeader({ formatId, keyId, version }: CiphertextHeader): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(layoutVersion, 0)
  header.writeUInt8(formatId, 1)
  header.write(keyId.replaceAll('-', ''), 2, 'hex')
  header.writeUInt32BE(version, 18)
  return header
}

/** Takes a ciphertext apart; null if it cannot be one. */
export function parseCiphertext(ciphertext: Uint8Array): ParsedCiphertext | null {
  if (ciphertext.length <= headerBytes || ciphertext[0] !== layoutVersion) return null
  const header = Buffer.from(ciphertext.subarray(0, headerBytes))
  return {
    formatId: header.readUInt8(1),
    keyId: header.toString('hex', 2, 18).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    version: header.readUInt32BE(18),
    headerBytes: header,
    sealed: ciphertext.subarray(headerBytes),
  }
}
