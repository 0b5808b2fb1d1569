import { createPublicKey, createSecretKey } from 'node:crypto'
import { isPrime } from '../../../src/crypto/key-consistency.ts'
import { loadPublicKey } from '../../../src/crypto/public-key.ts'
import { deriveBytes } from '../../../src/crypto/secrets.ts'
import { atOnce } from '../../crypto/keys.ts'
import { pkcs8OfBytes, pkcs8OfExpanded } from '../raw-keys.ts'
import { bytes, number, text } from './files.ts'
import {
  acceptedIf,
  capabilityOf,
  type FindCheck,
  importedOrNull,
  keyOrNull,
  requireSame,
} from './outcome.ts'

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

/** ML-KEM from an expanded decapsulation key, which is imported as other software exports it (RFC 9935 §6). */
export const checkMlKemExpanded: FindCheck = (_file, group) => {
  const form = kemForms[text(group, 'parameterSet')]
  const found = form && capabilityOf(form.name, 'KEY_ENCAPSULATION', 'keyEncapsulation')
  if (!form || !found) return { notApplicable: 'no such parameter set' }
  return {
    offered: () => true,
    attempt: (test) =>
      acceptedIf(async () => {
        const key = await importedOrNull(found.entry, pkcs8OfExpanded(form.name, bytes(test, 'dk')))
        if (key === null) return false
        const secret = await found.capability.decapsulate(key, bytes(test, 'c'), atOnce)
        return 'K' in test ? requireSame(secret, bytes(test, 'K')) : true
      }),
  }
}

/** HKDF as shared secrets are derived with it. */
export const checkHkdf: FindCheck = (file) => {
  const hash = { 'HKDF-SHA-256': 'sha256', 'HKDF-SHA-384': 'sha384', 'HKDF-SHA-512': 'sha512' } as const
  const name = hash[file.algorithm as keyof typeof hash]
  if (name === undefined) return { notApplicable: 'HKDF is used with SHA-256, SHA-384 and SHA-512 only' }
  return {
    offered: () => true,
    attempt: async (test) => {
      const [secret, salt, info] = [bytes(test, 'ikm'), bytes(test, 'salt'), bytes(test, 'info')]
      try {
        const output = await deriveBytes({ hash: name, secret, salt, info, bytes: number(test, 'size') })
        return requireSame(output, bytes(test, 'okm')) ? 'accepted' : 'refused'
      } catch (error) {
        // More than 255 times the length of the hash.
        if ((error as NodeJS.ErrnoException).code === 'ERR_CRYPTO_INVALID_KEYLEN') return 'refused'
        throw error
      }
    },
  }
}

/** Primality, as the primes of imported RSA keys are checked. */
export const checkPrimality: FindCheck = () => ({
  offered: () => true,
  attempt: async (test) => {
    const value = text(test, 'value')
    if (/^[89a-f]/.test(value)) return { notApplicable: 'a negative number, which no RSA key has' }
    return (await isPrime(BigInt(`0x0${value}`))) ? 'accepted' : 'refused'
  },
})
