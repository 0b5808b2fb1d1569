import fc from 'fast-check'

/** Where the fields of a ciphertext's header are: see docs/ciphertext-format.md. */
export const header = { layout: 0, algorithm: 1, key: 2, version: 18, end: 22 } as const

/** A position or a choice that fits bytes of any length: a fraction of what there is, each as likely as the other. */
const place = fc.noBias(fc.nat({ max: 999_999 })).map((millionths) => millionths / 1_000_000)
const byte = fc.integer({ min: 0, max: 255 })
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

/** What somebody without the key can do to any bytes. `other` chooses among the bytes that were made elsewhere. */
const anyChange = fc.oneof(
  fc.record({ type: fc.constant('flipBits'), at: fc.array(place, { minLength: 1, maxLength: 4 }) }),
  fc.record({ type: fc.constant('setByte'), at: place, value: byte }),
  fc.record({ type: fc.constant('truncate'), at: place, front: fc.boolean() }),
  fc.record({ type: fc.constant('extend'), with: bytes(1, 40), front: fc.boolean() }),
  fc.record({ type: fc.constant('remove'), at: place, length: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ type: fc.constant('insert'), at: place, with: bytes(1, 8) }),
  fc.record({ type: fc.constant('swapBytes'), at: place, and: place }),
  fc.record({ type: fc.constant('random'), with: bytes(0, 200) }),
  fc.record({ type: fc.constant('concatenate'), other: place, front: fc.boolean() }),
  fc.record({ type: fc.constant('splice'), other: place, at: place }),
)

/** What somebody can do who knows the layout of ciphertexts. */
const headerChange = fc.oneof(
  fc.record({
    type: fc.constant('setVersion'),
    number: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  }),
  fc.record({ type: fc.constant('setAlgorithm'), number: fc.oneof(fc.integer({ min: 0, max: 12 }), byte) }),
  fc.record({ type: fc.constant('setLayout'), number: fc.oneof(fc.integer({ min: 0, max: 3 }), byte) }),
  fc.record({
    type: fc.constant('takeField'),
    other: place,
    field: fc.constantFrom('algorithm', 'key', 'version', 'header', 'algorithmAndKey', 'sealed'),
  }),
  fc.record({ type: fc.constant('randomSealed'), with: bytes(0, 100) }),
  fc.record({ type: fc.constant('flipHeaderBit'), bit: fc.integer({ min: 0, max: 8 * header.end - 1 }) }),
)

export const signatureChange = anyChange
export const ciphertextChange = fc.oneof(
  { weight: 3, arbitrary: anyChange },
  { weight: 2, arbitrary: headerChange },
)

/** One change, to be applied to bytes. */
export type Change = typeof ciphertextChange extends fc.Arbitrary<infer T> ? T : never

const fields = {
  algorithm: [header.algorithm, header.key],
  key: [header.key, header.version],
  version: [header.version, header.end],
  header: [header.layout, header.end],
  algorithmAndKey: [header.algorithm, header.version],
  sealed: [header.end, Number.POSITIVE_INFINITY],
} as const

/** Applies a change; the result may be what it was, e.g. if a byte is set to its own value. */
export function applyChange(original: Buffer, change: Change, others: readonly Buffer[]): Buffer {
  const at = (fraction: number) => Math.floor(fraction * original.length)
  const replace = (start: number, end: number, middle: Uint8Array) =>
    Buffer.concat([original.subarray(0, start), middle, original.subarray(end)])
  const join = (front: boolean, more: Uint8Array) =>
    Buffer.concat(front ? [more, original] : [original, more])
  const otherAt = (fraction: number) => {
    const other = others[Math.floor(fraction * others.length)]
    if (other === undefined) throw new Error('there are no other bytes')
    return other
  }
  switch (change.type) {
    case 'flipBits':
      return change.at.reduce(
        (copy, fraction) => flip(copy, Math.floor(fraction * 8 * copy.length)),
        original,
      )
    case 'flipHeaderBit':
      return flip(original, change.bit)
    case 'setByte':
      return replace(at(change.at), at(change.at) + 1, Uint8Array.of(change.value))
    case 'truncate':
      return change.front ? original.subarray(at(change.at)) : original.subarray(0, at(change.at))
    case 'extend':
      return join(change.front, change.with)
    case 'remove':
      return replace(at(change.at), at(change.at) + change.length, new Uint8Array())
    case 'insert':
      return replace(at(change.at), at(change.at), change.with)
    case 'swapBytes': {
      const copy = Buffer.from(original)
      copy.writeUInt8(original.readUInt8(at(change.and)), at(change.at))
      copy.writeUInt8(original.readUInt8(at(change.at)), at(change.and))
      return copy
    }
    case 'random':
      return Buffer.from(change.with)
    case 'concatenate':
      return join(change.front, otherAt(change.other))
    case 'splice':
      return replace(at(change.at), original.length, otherAt(change.other).subarray(at(change.at)))
    case 'setVersion':
      return replace(header.version, header.end, uint32(change.number))
    case 'setAlgorithm':
      return replace(header.algorithm, header.key, Uint8Array.of(change.number))
    case 'setLayout':
      return replace(header.layout, header.algorithm, Uint8Array.of(change.number))
    case 'takeField': {
      const [start, end] = fields[change.field]
      return replace(start, end, otherAt(change.other).subarray(start, end))
    }
    case 'randomSealed':
      return replace(header.end, original.length, change.with)
  }
}

function flip(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return copy
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
