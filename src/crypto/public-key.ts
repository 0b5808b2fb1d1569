import { createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** Reads a stored public key (SPKI DER, RFC 5280 §4.1). */
export function loadPublicKey(spki: Uint8Array): KeyObject {
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
