import { createCipheriv, hkdfSync } from 'node:crypto'
import type { PrintedFile } from './printed-file.ts'

/**
 * Test vectors of docs/envelope-format.md, made with Node's own cryptography and not with the client that reads them.
 */
export const envelopeVectors: PrintedFile = {
  path: 'packages/client/vectors/envelopes.json',
  source: 'scripts/printed/envelope-vectors.ts',
  print: () => `${JSON.stringify({ format: 'docs/envelope-format.md', vectors: vectors() }, null, 2)}\n`,
}

/** What an envelope is made of. */
interface Parts {
  readonly pieceExponent: number
  readonly content: Buffer
  readonly additionalAuthenticatedData: Buffer
}

const dataKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const wrappedDataKey = Buffer.from(Array.from({ length: 82 }, (_, index) => 255 - index))
const salt = Buffer.from(Array.from({ length: 16 }, (_, index) => 0xa0 + index))
const keyId = 'ukey_01jgfjjz00fan9najd59y3p7jz'
const contentOf = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index % 251))

function headerOf(pieceExponent: number): Buffer {
  return Buffer.concat([
    Buffer.from('KSE'),
    Buffer.from([1, 1, pieceExponent, keyId.length]),
    Buffer.from(keyId),
    Buffer.from([wrappedDataKey.length]),
    wrappedDataKey,
    salt,
  ])
}

/** With more pieces than the content needs, the last of them are empty. */
function piecesOf({ pieceExponent, content, additionalAuthenticatedData }: Parts, more = 0): Buffer[] {
  const key = Buffer.from(hkdfSync('sha256', dataKey, salt, 'keystead envelope v1', 32))
  const size = 2 ** pieceExponent
  const count = Math.max(1, Math.ceil(content.length / size)) + more
  return Array.from({ length: count }, (_, index) => {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(index, 7)
    nonce.writeUInt8(index === count - 1 ? 1 : 0, 11)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(Buffer.concat([headerOf(pieceExponent), additionalAuthenticatedData]))
    const body = cipher.update(content.subarray(index * size, (index + 1) * size))
    return Buffer.concat([body, cipher.final(), cipher.getAuthTag()])
  })
}

function vectors(): object[] {
  const none = Buffer.alloc(0)
  const three = {
    pieceExponent: 10,
    content: contentOf(2500),
    additionalAuthenticatedData: Buffer.from('row 7'),
  }
  const [first = none, second = none, third = none] = piecesOf(three)
  const header = headerOf(three.pieceExponent)
  const whole = Buffer.concat([header, first, second, third])
  const right = (name: string, parts: Parts) => ({
    name,
    result: 'content',
    ...partsOf(parts),
    content: parts.content.toString('base64'),
    envelope: Buffer.concat([headerOf(parts.pieceExponent), ...piecesOf(parts)]).toString('base64'),
  })
  const wrong = (name: string, envelope: Buffer, { result = 'invalid', parts = three } = {}) => ({
    name,
    result,
    ...partsOf(parts),
    envelope: envelope.toString('base64'),
  })
  const changed = (offset: number, value?: number) => {
    const copy = Buffer.from(whole)
    const at = offset < 0 ? copy.length + offset : offset
    copy.writeUInt8(value ?? copy.readUInt8(at) ^ 1, at)
    return copy
  }
  const emptyAtEnd = piecesOf({ ...three, content: contentOf(2048) }, 1)
  return [
    right('nothing', { pieceExponent: 20, content: none, additionalAuthenticatedData: none }),
    right('a short text', {
      pieceExponent: 20,
      content: Buffer.from('attack at dawn'),
      additionalAuthenticatedData: none,
    }),
    right('additional authenticated data', {
      pieceExponent: 20,
      content: Buffer.from('attack at dawn'),
      additionalAuthenticatedData: Buffer.from('row 7'),
    }),
    right('three pieces', three),
    right('two pieces, of which the last is full', { ...three, content: contentOf(2048) }),
    wrong('other additional authenticated data', whole, {
      parts: { ...three, additionalAuthenticatedData: Buffer.from('row 8') },
    }),
    wrong('two pieces swapped', Buffer.concat([header, second, first, third])),
    wrong('a piece left out', Buffer.concat([header, first, third])),
    wrong('a piece twice', Buffer.concat([header, first, first, second, third])),
    wrong('cut off after a piece', Buffer.concat([header, first, second])),
    wrong('cut off within a piece', whole.subarray(0, -1)),
    wrong('cut off after the header', header),
    wrong('cut off within the header', header.subarray(0, 60)),
    wrong('a byte more', Buffer.concat([whole, Buffer.from([0])])),
    wrong('an empty piece more', Buffer.concat([header, ...emptyAtEnd])),
    wrong('another tag', changed(-1)),
    wrong('another ID of the key', changed(10)),
    wrong('another wrapped data key', changed(60)),
    wrong('another salt', changed(header.length - 1)),
    wrong('another size of pieces', changed(5, 11)),
    wrong('pieces that are too large', changed(5, 25)),
    wrong('no envelope', Buffer.from('attack at dawn')),
    wrong('another version of the format', changed(3, 2), { result: 'unsupported' }),
    wrong('another suite', changed(4, 2), { result: 'unsupported' }),
  ]
}

function partsOf({ additionalAuthenticatedData }: Parts): object {
  return {
    keyId,
    wrappedDataKey: wrappedDataKey.toString('base64'),
    dataKey: dataKey.toString('base64'),
    additionalAuthenticatedData: additionalAuthenticatedData.toString('base64'),
  }
}
