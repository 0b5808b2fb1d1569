import { derTag, readDer, readDerValues } from './der.ts'

const isPublic =
  'the material is a public key or a certificate, and must be the private key (RFC 5958, PKCS#8 in DER)'

/** PEM labels that `openssl` writes for other forms of a private key. */
const converted = (form: 'PEM' | 'DER') =>
  `openssl pkcs8 -topk8 -nocrypt -inform ${form} -in key -outform DER -out material`

/** Describes bytes that are not PKCS#8 in DER, with advice where their form is known. */
export function describeOtherForm(bytes: Uint8Array): string {
  // The key itself is behind the first line.
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1')
  if (start.startsWith('-----BEGIN ')) {
    return /PUBLIC|CERTIFICATE/.test(start)
      ? isPublic
      : `the material is PEM, and must be DER (convert it: ${converted('PEM')})`
  }
  switch (outlineOf(bytes)) {
    // EncryptedPrivateKeyInfo (RFC 5958 §3).
    case '30 04':
      return `the private key is encrypted with a passphrase, and must not be (decrypt it: ${converted('DER')})`
    // SubjectPublicKeyInfo, and a certificate (RFC 5280 §4.1).
    case '30 03':
    case '30 30 03':
      return isPublic
    // RSAPrivateKey (RFC 8017 §A.1.2), and ECPrivateKey (RFC 5915 §3).
    case '02 02 02 02 02 02 02 02 02':
    case '02 04 a0':
    case '02 04 a0 a1':
      return `the private key is in the structure of PKCS#1 or SEC 1, and must be in that of PKCS#8 (convert it: ${converted('DER')})`
    default:
      return 'the material is not one private key in PKCS#8 DER (RFC 5958). Nothing may follow it at any depth, and lengths have their shortest form'
  }
}

/** Tags of the values in the outermost SEQUENCE, in hex; empty if the bytes are not DER. */
function outlineOf(bytes: Uint8Array): string {
  try {
    return readDerValues(readDer(bytes, derTag.sequence).content)
      .map(({ tag }) => tag.toString(16).padStart(2, '0'))
      .join(' ')
  } catch {
    return ''
  }
}
