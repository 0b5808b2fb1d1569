import { createPublicKey, diffieHellman, hkdf, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { CryptoInputError, type KeyAgreementCapability } from './capabilities.ts'
import { loadPublicKey } from './public-key.ts'

const agreeInPool = promisify<{ privateKey: KeyObject; publicKey: KeyObject }, Buffer>(diffieHellman)
const hkdfInPool = promisify(hkdf)

/** In front of everything else in HKDF's info: a secret for this purpose is one for no other. */
const label = Buffer.from('keystead key agreement v1')

/**
 * Diffie-Hellman on the P curves (SP 800-56A §5.7.1.2) and X25519 (RFC 7748 §6.1), followed by HKDF without salt
 * (RFC 5869). Info is the label, both public keys and the context, each behind its length, so that the result
 * belongs to this pair of keys and this purpose. The public keys are ordered by their bytes: both sides derive the same.
 */
export function createKeyAgreement(
  hash: 'sha256' | 'sha384' | 'sha512',
  hashBytes: number,
): KeyAgreementCapability {
  return {
    kind: 'keyAgreement',
    async deriveSharedSecret(privateKey, { peerPublicKey, context, bytes }, work) {
      const bytesMax = 255 * hashBytes
      if (!Number.isInteger(bytes) || bytes < 1 || bytes > bytesMax) {
        throw new CryptoInputError('bytes', `must be a whole number from 1 to ${bytesMax}`)
      }
      const peer = loadPeerKey(peerPublicKey, privateKey)
      const publicKeys = [peerPublicKey, encodePublicKey(createPublicKey(privateKey))].sort(Buffer.compare)
      const info = encodeWithLengths([label, ...publicKeys, context])
      return work('SHORT', async () => {
        const secret = await agreeInPool({ privateKey, publicKey: peer }).catch(() => {
          // A point of small order: the secret would be all zeros, whatever the private key (RFC 7748 §6.1).
          throw new CryptoInputError('peerPublicKey', 'must not be a point of small order')
        })
        try {
          return Buffer.from(await hkdfInPool(hash, secret, Buffer.alloc(0), info, bytes))
        } finally {
          secret.fill(0)
        }
      })
    },
  }
}

/**
 * Reading checks that the point is on the curve, and writing that it is not at infinity, since that has no coordinates
 * (SP 800-56A §5.6.2.3). One public key has several encodings; only that with a named curve and an uncompressed point (RFC 5480 §2) is taken, so that it has one here, and
 * nobody brings parameters of a curve.
 */
function loadPeerKey(spki: Uint8Array, privateKey: KeyObject): KeyObject {
  let key: KeyObject
  try {
    key = loadPublicKey(spki)
  } catch {
    throw new CryptoInputError('peerPublicKey', 'must be a public key (SubjectPublicKeyInfo, DER)')
  }
  const fits =
    key.asymmetricKeyType === privateKey.asymmetricKeyType &&
    key.asymmetricKeyDetails?.namedCurve === privateKey.asymmetricKeyDetails?.namedCurve
  if (!fits) throw new CryptoInputError('peerPublicKey', 'must be on the curve of this key')
  let encoded: Buffer
  try {
    encoded = encodePublicKey(key)
  } catch {
    throw new CryptoInputError('peerPublicKey', 'must not be the point at infinity')
  }
  if (!encoded.equals(spki)) {
    throw new CryptoInputError('peerPublicKey', 'must name its curve and have an uncompressed point')
  }
  return key
}

/** The one encoding: what is made from the coordinates alone. */
function encodePublicKey(publicKey: KeyObject): Buffer {
  const jwk = publicKey.export({ format: 'jwk' })
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
}

function encodeWithLengths(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.length)
      return [length, part]
    }),
  )
}
