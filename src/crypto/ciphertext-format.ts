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

/** Version numbers are positive and fit a signed 32-bit integer. */
const versionMax = 0x7fff_ffff

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The header of a ciphertext; it is authenticated in front of the caller's additional authenticated data. */
export function encodeHeader({ formatId, keyId, version }: CiphertextHeader): Buffer {
  if (!uuid.test(keyId) || !isVersion(version)) throw new TypeError('not a key and version')
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
  const version = header.readUInt32BE(18)
  if (!isVersion(version)) return null
  return {
    formatId: header.readUInt8(1),
    keyId: header.toString('hex', 2, 18).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    version,
    headerBytes: header,
    sealed: ciphertext.subarray(headerBytes),
  }
}

function isVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= versionMax
}
