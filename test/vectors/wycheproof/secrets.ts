import { createPublicKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { loadPublicKey } from '../../../src/crypto/public-key.ts'
import { atOnce } from '../../crypto/keys.ts'
import { pkcs8OfBytes, pkcs8OnCurve } from '../raw-keys.ts'
import { bytes, number, text, type VectorCase } from './files.ts'
import { acceptedIf, capabilityOf, type FindCheck, requireSame } from './outcome.ts'

/** HMAC with keys of any length; a truncated code is not offered. */
export const checkMac: FindCheck = (file, group) => {
  const name = file.algorithm.replace(/^HMACSHA/, 'HMAC_SHA')
  const found = capabilityOf(name, 'GENERATE_VERIFY_MAC', 'mac')
  if (found === null) return { notApplicable: 'no such code' }
  return {
    offered: () => `HMAC_SHA${number(group, 'tagSize')}` === name,
    attempt: (test) =>
      acceptedIf(() => {
        const key = createSecretKey(bytes(test, 'key'))
        const [message, mac] = [bytes(test, 'msg'), bytes(test, 'tag')]
        if (!found.capability.verify(key, message, mac)) return false
        return requireSame(found.capability.generate(key, message), mac)
      }),
  }
}

/** DER in front of an encapsulation key (RFC 9935 §4). */
const kemForms: Readonly<Record<string, { name: 'ML_KEM_768' | 'ML_KEM_1024'; publicPrefix: string }>> = {
  'ML-KEM-768': {
    name: 'ML_KEM_768',
    publicPrefix: '308204b2300b0609608648016503040402038204a100',
  },
  'ML-KEM-1024': {
    name: 'ML_KEM_1024',
    publicPrefix: '30820632300b06096086480165030404030382062100',
  },
}

/** ML-KEM from a seed: public key, then decapsulation where the case has a ciphertext. */
export const checkMlKem: FindCheck = (_file, group) => {
  const form = kemForms[text(group, 'parameterSet')]
  const found = form && capabilityOf(form.name, 'KEY_ENCAPSULATION', 'keyEncapsulation')
  if (!form || !found) return { notApplicable: 'no such parameter set' }
  return {
    offered: () => true,
    attempt: (test) =>
      acceptedIf(async () => {
        const key = keyOrNull(() => found.entry.load(pkcs8OfBytes(form.name, bytes(test, 'seed'))))
        if (key === null) return false
        if ('ek' in test) {
          const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
          requireSame(spki, Buffer.concat([Buffer.from(form.publicPrefix, 'hex'), bytes(test, 'ek')]))
        }
        if (!('c' in test)) return true
        return requireSame(
          await found.capability.decapsulate(key, bytes(test, 'c'), atOnce),
          bytes(test, 'K'),
        )
      }),
  }
}

/** ML-KEM encapsulation to a key that may be malformed; the product's randomness is its own. */
export const checkMlKemEncapsulation: FindCheck = (_file, group) => {
  const form = kemForms[text(group, 'parameterSet')]
  const found = form && capabilityOf(form.name, 'KEY_ENCAPSULATION', 'keyEncapsulation')
  if (!form || !found) return { notApplicable: 'no such parameter set' }
  return {
    offered: () => true,
    attempt: (test) =>
      acceptedIf(async () => {
        const spki = Buffer.concat([Buffer.from(form.publicPrefix, 'hex'), bytes(test, 'ek')])
        const key = keyOrNull(() => loadPublicKey(spki))
        if (key === null) return false
        return (await found.capability.encapsulate(key, atOnce)).sharedSecret.length === 32
      }),
  }
}

const agreementCurves: Readonly<Record<string, { name: string; curve: string; jwk: string; hash: string }>> =
  {
    secp256r1: { name: 'EC_P256', curve: 'prime256v1', jwk: 'P-256', hash: 'sha256' },
    secp384r1: { name: 'EC_P384', curve: 'secp384r1', jwk: 'P-384', hash: 'sha384' },
    secp521r1: { name: 'EC_P521', curve: 'secp521r1', jwk: 'P-521', hash: 'sha512' },
  }

/** Key agreement on the P curves, with peer keys in SPKI: HKDF of the vector's secret must come out. */
export const checkEcdh: FindCheck = (_file, group) => {
  const form = agreementCurves[text(group, 'curve')]
  if (form === undefined || text(group, 'encoding') !== 'asn')
    return { notApplicable: 'no such curve or encoding' }
  return {
    offered: () => true,
    attempt: (test) => agreement(form, pkcs8OnCurve(form, bytes(test, 'private')), test),
  }
}

/** X25519 with peer keys in SPKI. */
export const checkXdh: FindCheck = (_file, group) => {
  if (text(group, 'curve') !== 'curve25519') return { notApplicable: 'no such curve' }
  return {
    offered: () => true,
    attempt: (test) => {
      return agreement({ name: 'X25519', hash: 'sha256' }, bytes(test, 'private'), test)
    },
  }
}

function agreement(form: { name: string; hash: string }, pkcs8: Buffer, test: VectorCase) {
  const found = capabilityOf(form.name, 'KEY_AGREEMENT', 'keyAgreement')
  if (found === null) throw new TypeError(`no key agreement with ${form.name}`)
  return acceptedIf(async () => {
    const privateKey = keyOrNull(() => found.entry.load(pkcs8))
    if (privateKey === null) return false
    const peerPublicKey = bytes(test, 'public')
    const context = Buffer.from('vectors')
    const derived = await found.capability.deriveSharedSecret(
      privateKey,
      {
        peerPublicKey,
        context,
        bytes: 32,
      },
      atOnce,
    )
    const expected = hkdfSync(
      form.hash,
      bytes(test, 'shared'),
      '',
      infoOf(privateKey, peerPublicKey, context),
      32,
    )
    return requireSame(derived, Buffer.from(expected))
  })
}

/** The info of the product, written down a second time. */
function infoOf(privateKey: KeyObject, peerPublicKey: Buffer, context: Buffer): Buffer {
  const ownPublicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const keys = [ownPublicKey, peerPublicKey].sort(Buffer.compare)
  return Buffer.concat(
    [Buffer.from('keystead key agreement v1'), ...keys, context].flatMap((part) => [
      Buffer.from(part.length.toString(16).padStart(8, '0'), 'hex'),
      part,
    ]),
  )
}

function keyOrNull(load: () => KeyObject): KeyObject | null {
  try {
    return load()
  } catch {
    return null
  }
}
