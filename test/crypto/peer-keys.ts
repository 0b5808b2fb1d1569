import { ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { der } from './der-bytes.ts'

/** Curves of key agreement, by the name of the algorithm. */
export const agreementCurves = {
  X25519: 'x25519',
  EC_P256: 'prime256v1',
  EC_P384: 'secp384r1',
  EC_P521: 'secp521r1',
} as const

/** A fresh pair on the curve of an algorithm. */
export function generateOn(
  curve: string,
  options: object = {},
): { privateKey: KeyObject; publicKey: KeyObject } {
  return curve === 'x25519'
    ? generateKeyPairSync(curve)
    : generateKeyPairSync('ec', { namedCurve: curve, ...options })
}

/** Public keys that must not be taken for the peer of a key of this algorithm, by what is wrong with them. */
export function refusedPeers(algorithm: keyof typeof agreementCurves): Readonly<Record<string, Buffer>> {
  const curve = agreementCurves[algorithm]
  const { privateKey, publicKey } = generateOn(curve)
  const spki = spkiOf(publicKey)
  const others = Object.values(agreementCurves).filter((other) => other !== curve)
  return {
    ...Object.fromEntries(others.map((other) => [other, spkiOf(generateOn(other).publicKey)])),
    secp256k1: spkiOf(generateOn('secp256k1').publicKey),
    Ed25519: spkiOf(generateKeyPairSync('ed25519').publicKey),
    RSA: spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
    nothing: Buffer.alloc(0),
    garbage: Buffer.from('garbage'),
    'cut off': spki.subarray(0, -1),
    'with more behind it': Buffer.concat([spki, Buffer.alloc(1)]),
    PEM: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
    'a private key': privateKey.export({ type: 'pkcs8', format: 'der' }),
    ...(curve === 'x25519' ? pointsOfSmallOrder(spki) : otherPoints(spki, curve)),
  }
}

function otherPoints(spki: Buffer, curve: string): Record<string, Buffer> {
  const point = pointOf(spki)
  const off = Buffer.from(point)
  off.writeUInt8(off.readUInt8(off.length - 1) ^ 1, off.length - 1)
  const formOf = (form: 'compressed' | 'hybrid') =>
    ECDH.convertKey(point, curve, undefined, undefined, form) as Buffer
  return {
    compressed: withPoint(spki, formOf('compressed')),
    hybrid: withPoint(spki, formOf('hybrid')),
    'not on the curve': withPoint(spki, off),
    'at infinity': withPoint(spki, Buffer.alloc(1)),
    empty: withPoint(spki, Buffer.alloc(0)),
    'of zeros': withPoint(spki, Buffer.concat([Buffer.of(4), Buffer.alloc(point.length - 1)])),
    'above the field': withPoint(spki, Buffer.concat([Buffer.of(4), Buffer.alloc(point.length - 1, 0xff)])),
    'with a bit that is not used': der(0x30, identifierOf(spki), der(0x03, Buffer.of(1), point)),
    'explicit parameters': spkiOf(generateOn(curve, { paramEncoding: 'explicit' }).publicKey),
  }
}

/** The orders 1 to 8, and points that are not reduced (RFC 7748 §6.1; "May the Fourth Be With You", §4). */
function pointsOfSmallOrder(spki: Buffer): Record<string, Buffer> {
  const points = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
  ]
  return Object.fromEntries(points.map((point) => [point, withPoint(spki, Buffer.from(point, 'hex'))]))
}

/** A public key in SubjectPublicKeyInfo. */
export function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' })
}

/** The same key with its point in other bytes. */
export function withPoint(spki: Buffer, point: Uint8Array): Buffer {
  return der(0x30, identifierOf(spki), der(0x03, Buffer.of(0), point))
}

function startOf(spki: Buffer): number {
  return spki.readUInt8(1) > 0x80 ? 3 : 2
}

function identifierOf(spki: Buffer): Buffer {
  const start = startOf(spki)
  return spki.subarray(start, start + 2 + spki.readUInt8(start + 1))
}

function pointOf(spki: Buffer): Buffer {
  const start = startOf(spki) + identifierOf(spki).length
  return spki.subarray(start + (spki.readUInt8(start + 1) > 0x80 ? 4 : 3))
}
