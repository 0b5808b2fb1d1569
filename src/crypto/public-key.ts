import { createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { isOneDerValue } from './der.ts'

/** Reads a public key (SPKI DER, RFC 5280 §4.1); throws if the bytes are none, or more than one. */
export function loadPublicKey(spki: Uint8Array): KeyObject {
  if (!isOneDerValue(spki)) throw new TypeError('not a public key')
  return createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
}

/** A public key as other software reads it: PEM (RFC 7468 §13), JWK (RFC 7517) and its SHA-256 thumbprint (RFC 7638). */
export async function describePublicKey(
  spki: Uint8Array,
): Promise<{ pem: string; jwk: Readonly<Record<string, unknown>>; fingerprint: string }> {
  const key = loadPublicKey(spki)
  const jwk = key.export({ format: 'jwk' }) as JWK
  return {
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: { ...jwk },
    fingerprint: await calculateJwkThumbprint(jwk, 'sha256'),
  }
}
