/** One value of DER (X.690 §8.1): its tag, and its content as a view into the bytes that were read. */
export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
}

/** Tags of DER (X.690 §8.1.2) that keys are made of. */
export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const

/** The bytes are not DER, or not the structure that was asked for. */
export class DerError extends Error {}

/** Bits of a tag octet: the value is made of other values, or the tag number follows in further octets. */
const constructed = 0x20
const longTagNumber = 0x1f
/** Deeper than any key is nested. */
const depthMax = 16

/** True if the bytes are one DER value without trailing bytes, which OpenSSL would ignore. */
export function isOneDerValue(bytes: Uint8Array): boolean {
  try {
    readDer(bytes)
    return true
  } catch {
    return false
  }
}

/** Reads bytes that are one DER value, of this tag if one is given; throws {@link DerError} for anything else. */
export function readDer(bytes: Uint8Array, tag?: number): DerValue {
  const [value, ...more] = readDerValues(bytes)
  if (value === undefined || more.length > 0) throw new DerError('not one value')
  if (tag !== undefined && value.tag !== tag) throw new DerError('another type')
  return value
}

/** Reads values that stand side by side, as in the content of a SEQUENCE; throws {@link DerError} for anything else. */
export function readDerValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let rest = bytes; rest.length > 0; ) {
    const tag = rest[0] ?? 0
    if ((tag & longTagNumber) === longTagNumber) throw new DerError('a tag number above 30')
    const { start, end } = contentOf(rest)
    values.push({ tag, content: rest.subarray(start, end) })
    rest = rest.subarray(end)
  }
  return values
}

/** Throws {@link DerError} unless a value is DER at every depth. What an OCTET STRING holds is not looked into. */
export function requireDerThroughout({ tag, content }: DerValue, depth = 0): void {
  if ((tag & constructed) === 0) return
  if (depth === depthMax) throw new DerError('nested too deeply')
  for (const value of readDerValues(content)) requireDerThroughout(value, depth + 1)
}

/** The octets in the content of a BIT STRING; throws {@link DerError} unless all of their bits are used. */
export function octetsOf(bitString: Uint8Array): Uint8Array {
  if (bitString[0] !== 0) throw new DerError('not whole octets')
  return bitString.subarray(1)
}

/** A value with its tag and length in front. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { length }) => sum + length, 0)
  const digits = length.toString(16)
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  const octets = length < 0x80 ? [length] : [0x80 | bytes.length, ...bytes]
  return Buffer.concat([Buffer.of(tag, ...octets), ...contents])
}

/** Where the content of the first value begins and ends (X.690 §8.1.3, §10.1: in the shortest form only). */
function contentOf(bytes: Uint8Array): { start: number; end: number } {
  const first = bytes[1]
  if (first === undefined) throw new DerError('no length')
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f
  // The indefinite form of BER has none; four are longer than any key.
  if (first === 0x80 || lengthOctets > 3) throw new DerError('not a definite length')
  const start = 2 + lengthOctets
  if (bytes.length < start) throw new DerError('no length')
  let length = first
  if (lengthOctets > 0) {
    length = 0
    for (const octet of bytes.subarray(2, start)) length = length * 256 + octet
    if (length < 0x80 || bytes[2] === 0) throw new DerError('a length that is longer than necessary')
  }
  if (bytes.length < start + length) throw new DerError('cut off')
  return { start, end: start + length }
}
