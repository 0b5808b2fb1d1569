import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { CryptoInputError, type KeyAgreementCapability } from './capabilities.ts'
import { encodePublicKey, loadPublicKey, readSpki, type Spki } from './public-key.ts'
import { deriveBytes } from './secrets.ts'

const agreeInPool = promisify<{ privateKey: KeyObject; publicKey: KeyObject }, Buffer>(diffieHellman)

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
      const own = encodePublicKey(createPublicKey(privateKey))
      const peer = loadPeerKey(peerPublicKey, own)
      const publicKeys = [peerPublicKey, own].sort(Buffer.compare)
      const info = encodeWithLengths([label, ...publicKeys, context])
      return work('SHORT', async () => {
        const secret = await agreeInPool({ privateKey, publicKey: peer }).catch(() => {
          // A point of small order: the secret would be all zeros, whatever the private key (RFC 7748 §6.1).
          throw new CryptoInputError('peerPublicKey', 'must not be a point of small order')
        })
        try {
          return await deriveBytes({ hash, secret, salt: Buffer.alloc(0), info, bytes })
        } finally {
          secret.fill(0)
        }
      })
    },
  }
}

/**
 * Reads a peer's public key. One key has several encodings; only that with a named curve and an uncompressed point (RFC
 * 5480 §2) is taken, so that HKDF's info has one form. Such an encoding differs from that of the own key in coordinates
 * alone, and the point at infinity has none. This is checked before OpenSSL reads the key, which then checks that the
 * point is on the curve (SP 800-56A §5.6.2.3).
 */
function loadPeerKey(spki: Uint8Array, ownSpki: Uint8Array): KeyObject {
  const refused = (message: string) => new CryptoInputError('peerPublicKey', message)
  const own = readSpki(ownSpki)
  let peer: Spki
  try {
    peer = readSpki(spki)
  } catch {
    throw refused('must be a public key (SubjectPublicKeyInfo, DER)')
  }
  if (Buffer.compare(peer.identifier, own.identifier) !== 0) {
    throw refused('must be on the curve of this key, and give the curve by its name')
  }
  // The first byte of a point on a P curve names its form; X25519 has coordinates only.
  const isPoint = own.key.length % 2 === 1
  if (peer.key.length !== own.key.length || (isPoint && peer.key[0] !== own.key[0])) {
    throw refused(isPoint ? 'must have an uncompressed point' : `must have ${own.key.length} bytes`)
  }
  try {
    return loadPublicKey(spki)
  } catch {
    throw refused('must be a point on the curve')
  }
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
