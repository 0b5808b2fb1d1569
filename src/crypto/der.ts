/**
 * Whether the bytes are one DER value and nothing behind it (X.690 §8.1.3, §10.1). OpenSSL reads a key and ignores what
 * follows; here bytes that are no part of a key are no key.
 */
export function isOneDerValue(bytes: Uint8Array): boolean {
  const first = bytes[1]
  if (first === undefined) return false
  if (first < 0x80) return bytes.length === 2 + first
  const lengthBytes = first & 0x7f
  // Longer than any key, or the indefinite form of BER.
  if (lengthBytes === 0 || lengthBytes > 4 || bytes.length < 2 + lengthBytes) return false
  let length = 0
  for (const byte of bytes.subarray(2, 2 + lengthBytes)) length = length * 256 + byte
  return bytes.length === 2 + lengthBytes + length
}
