import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto'
import { der } from '../crypto/der-bytes.ts'

/** Names of a curve: OpenSSL's and that of JWK. */
export interface CurveNames {
  readonly curve: string
  readonly jwk: string
}

/** PKCS#8 of a private key on a P curve, from its scalar. */
export function pkcs8OnCurve({ curve, jwk }: CurveNames, scalar: Buffer): Buffer {
  const pair = createECDH(curve)
  pair.setPrivateKey(scalar)
  const point = pair.getPublicKey()
  const size = (point.length - 1) / 2
  const coordinate = (from: number) => point.subarray(from, from + size).toString('base64url')
  const d = Buffer.concat([Buffer.alloc(size), scalar])
    .subarray(-size)
    .toString('base64url')
  const key = { kty: 'EC', crv: jwk, x: coordinate(1), y: coordinate(1 + size), d }
  return createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' })
}

/** DER in front of private keys that are bare bytes (RFC 8410 §7; seeds: RFC 9881 §6, RFC 9935 §6). */
const privatePrefixes = {
  ED25519: '302e020100300506032b657004220420',
  ED448: '3047020100300506032b6571043b0439',
  X25519: '302e020100300506032b656e04220420',
  ML_DSA_44: '3034020100300b060960864801650304031104228020',
  ML_DSA_65: '3034020100300b060960864801650304031204228020',
  ML_DSA_87: '3034020100300b060960864801650304031304228020',
  ML_KEM_768: '3054020100300b060960864801650304040204428040',
  ML_KEM_1024: '3054020100300b060960864801650304040304428040',
} as const

/** PKCS#8 of a private key from its bytes, or from its seed. */
export function pkcs8OfBytes(algorithm: keyof typeof privatePrefixes, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(privatePrefixes[algorithm], 'hex'), bytes])
}

/** SPKI of the public key that belongs to a private one. */
export function spkiOfPkcs8(pkcs8: Buffer): Buffer {
  const privateKey = createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
}

/** PKCS#8 of a key of ML-DSA or ML-KEM without its seed (RFC 9881 §6, RFC 9935 §6). */
export function pkcs8OfExpanded(algorithm: keyof typeof privatePrefixes, expanded: Buffer): Buffer {
  const [, , , , , ...rest] = Buffer.from(privatePrefixes[algorithm], 'hex')
  // Behind the version: the AlgorithmIdentifier of 13 bytes.
  const identifier = Buffer.from(rest.slice(0, 13))
  return der(0x30, der(2, Buffer.of(0)), identifier, der(4, der(4, expanded)))
}
