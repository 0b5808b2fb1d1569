import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { GeneratedMaterial } from './capabilities.ts'

const generate = promisify(generateKeyPair)

/** The ways in which pairs are generated, in the thread pool. */
export type KeyPairKind =
  | { readonly type: 'rsa'; readonly modulusBits: number }
  | { readonly type: 'ec'; readonly curve: string }

/** A new pair in the forms in which it is stored. */
export async function generatePair(kind: KeyPairKind): Promise<GeneratedMaterial> {
  const { privateKey, publicKey } =
    kind.type === 'rsa'
      ? await generate('rsa', { modulusLength: kind.modulusBits, publicExponent: 0x10001 })
      : await generate('ec', { namedCurve: kind.curve })
  return {
    secret: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  }
}

/** Reads a stored private key and checks that it is of this kind; throws TypeError if not. */
export function loadPrivateKey(secret: Uint8Array, kind: KeyPairKind): KeyObject {
  const key = parsePrivateKey(secret)
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {}
  const fits =
    kind.type === 'rsa'
      ? modulusLength === kind.modulusBits && isSafeExponent(publicExponent)
      : namedCurve === kind.curve
  if (key.asymmetricKeyType !== kind.type || !fits) throw new TypeError('a private key of another algorithm')
  return key
}

/** FIPS 186-5 §5.4: odd, and at least 65,537. */
function isSafeExponent(exponent: bigint | undefined): boolean {
  return exponent !== undefined && exponent >= 65_537n && exponent % 2n === 1n
}

function parsePrivateKey(secret: Uint8Array): KeyObject {
  try {
    return createPrivateKey({
      key: Buffer.from(secret.buffer, secret.byteOffset, secret.length),
      type: 'pkcs8',
      format: 'der',
    })
  } catch {
    // OpenSSL's text could describe the bytes.
    throw new TypeError('not a private key')
  }
}
