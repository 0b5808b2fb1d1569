/** Order of the group of P-256 (SEC 2 §2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * The other valid signature that anybody can make of one with ECDSA on P-256: (r, n − s) for (r, s). The standard
 * accepts both, so this one change is no forgery of a message.
 */
export function ecdsaTwin(signature: Buffer, encoding: 'DER' | 'P1363'): Buffer {
  if (encoding === 'P1363') {
    return Buffer.concat([signature.subarray(0, 32), toBytes(order - toNumber(signature.subarray(32)))])
  }
  // SEQUENCE of two INTEGERs; all lengths are one byte on this curve.
  const sAt = 4 + signature.readUInt8(3)
  const rField = signature.subarray(2, sAt)
  const sField = derInteger(order - toNumber(signature.subarray(sAt + 2)))
  return Buffer.concat([Uint8Array.of(0x30, rField.length + sField.length), rField, sField])
}

function derInteger(value: bigint): Buffer {
  const bytes = toBytes(value)
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = bytes.subarray(start)
  const sign = digits.readUInt8(0) >= 0x80 ? [0] : []
  return Buffer.concat([Uint8Array.of(0x02, sign.length + digits.length, ...sign), digits])
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
}
