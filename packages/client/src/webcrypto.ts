import { errorOf } from './error-of.ts'
import type { Operations, SigningAlgorithm } from './generated/types.ts'

/** Options of {@link createSigningKeys}. */
export interface SigningKeysOptions {
  /** A key for signatures with RSA, ECDSA (P-256, P-384, P-521) or Ed25519: its ID, name or alias. */
  readonly key: string
  /** Of RSA keys: RSASSA-PKCS1-v1_5 if not given. */
  readonly rsa?: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | undefined
  /** Of RSA keys: SHA-256 if not given. */
  readonly hash?: Hash | undefined
}

type Hash = 'SHA-256' | 'SHA-384' | 'SHA-512'

/** What libraries over WebCrypto take to sign with a key of Keystead. */
export interface SigningKeys {
  /** The public key, and a handle of the private key that only {@link SigningKeys.crypto} can use. */
  readonly keys: CryptoKeyPair
  /** Algorithm of the signatures. */
  readonly signingAlgorithm: RsaPssParams | EcdsaParams | Algorithm
  /** WebCrypto of this platform, which has Keystead sign with the private key. */
  readonly crypto: Crypto
}

interface Scheme {
  readonly keyAlgorithm: Algorithm & { readonly namedCurve?: string; readonly hash?: string }
  readonly signingAlgorithm: Algorithm & { readonly hash?: string; readonly saltLength?: number }
  readonly signedWith: SigningAlgorithm
  /** The server takes digests for this scheme, so that it need not get the message. */
  readonly digest?: string
}

const curves = {
  EC_P256: ['P-256', 'SHA-256', 'ECDSA_SHA_256'],
  EC_P384: ['P-384', 'SHA-384', 'ECDSA_SHA_384'],
  EC_P521: ['P-521', 'SHA-512', 'ECDSA_SHA_512'],
} as const
const saltLengths = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 } as const

/**
 * Makes a key pair for libraries that sign by WebCrypto, such as @peculiar/x509 and pkijs. The pair is that of the default
 * version of the key: after a rotation its signatures fail, and a new pair must be made.
 */
export async function createSigningKeys(
  client: Pick<Operations, 'userKey' | 'sign'>,
  { key, rsa = 'RSASSA-PKCS1-v1_5', hash = 'SHA-256' }: SigningKeysOptions,
): Promise<SigningKeys> {
  const found = await client.userKey({ key })
  if (found === null) throw errorOf({ code: 'KEY_NOT_FOUND', message: `There is no key "${key}".` }, {})
  const { algorithm, defaultVersion } = found
  const pem = defaultVersion?.publicKey?.pem
  if (pem === undefined) {
    throw new TypeError(
      `Key "${key}" has no public key, or is redacted for this caller. Take a key for signatures.`,
    )
  }
  const scheme = schemeOf(algorithm ?? '', { rsa, hash })
  if (scheme === null) {
    throw new TypeError(
      `Key "${key}" has algorithm ${algorithm}. WebCrypto has names for RSA, EC_P256, EC_P384, EC_P521 and ED25519.`,
    )
  }
  const { keyAlgorithm, signingAlgorithm, signedWith, digest } = scheme
  const der = Uint8Array.from(atob(pem.replace(/-----[^-]+-----|\s/g, '')), (character) =>
    character.charCodeAt(0),
  )
  const platform = globalThis.crypto
  const publicKey = await platform.subtle.importKey('spki', der, keyAlgorithm, true, ['verify'])
  const privateKey: CryptoKey = Object.freeze({
    type: 'private',
    extractable: false,
    algorithm: publicKey.algorithm,
    usages: ['sign' as const],
  })

  async function sign(
    requested: AlgorithmIdentifier | EcdsaParams,
    signer: CryptoKey,
    data: BufferSource,
  ): Promise<ArrayBuffer> {
    if (signer !== privateKey) return platform.subtle.sign(requested, signer, data)
    requireSame(requested, signingAlgorithm)
    const message = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data)
    const input =
      digest === undefined
        ? ({ message, messageType: 'MESSAGE' } as const)
        : ({
            message: new Uint8Array(await platform.subtle.digest(digest, message)),
            messageType: 'DIGEST',
          } as const)
    const made = await client.sign({ key, ...input, signingAlgorithm: signedWith, encoding: 'P1363' })
    if (made.keyId !== found?.id || made.versionNumber !== defaultVersion?.number) {
      const message = `Key "${key}" was rotated: make a new pair, whose public key fits.`
      throw errorOf({ code: 'CONFLICT', message }, {})
    }
    return new Uint8Array(made.signature).buffer
  }

  return {
    keys: { privateKey, publicKey },
    signingAlgorithm,
    crypto: replaced(platform, { subtle: replaced(platform.subtle, { sign }) }),
  }
}

function schemeOf(
  algorithm: string,
  { rsa, hash }: { readonly rsa: string; readonly hash: Hash },
): Scheme | null {
  const bits = hash.replace('SHA-', '')
  if (algorithm.startsWith('RSA_') && rsa === 'RSA-PSS') {
    return {
      keyAlgorithm: { name: 'RSA-PSS', hash },
      signingAlgorithm: { name: 'RSA-PSS', hash, saltLength: saltLengths[hash] },
      signedWith: `RSASSA_PSS_SHA_${bits}` as SigningAlgorithm,
    }
  }
  if (algorithm.startsWith('RSA_')) {
    const keyAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
    const signedWith = `RSASSA_PKCS1_V1_5_SHA_${bits}` as SigningAlgorithm
    return { keyAlgorithm, signingAlgorithm: keyAlgorithm, signedWith, digest: hash }
  }
  if (algorithm === 'ED25519') {
    return { keyAlgorithm: { name: 'Ed25519' }, signingAlgorithm: { name: 'Ed25519' }, signedWith: 'ED25519' }
  }
  if (!(algorithm in curves)) return null
  const [namedCurve, curveHash, signedWith] = curves[algorithm as keyof typeof curves]
  return {
    keyAlgorithm: { name: 'ECDSA', namedCurve },
    signingAlgorithm: { name: 'ECDSA', hash: curveHash },
    signedWith,
  }
}

/** The server signs in the way of the pair alone. */
function requireSame(
  requested: AlgorithmIdentifier | EcdsaParams,
  { name, hash }: Scheme['signingAlgorithm'],
): void {
  const nameOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'name' in value ? value.name : value
  const asked = typeof requested === 'string' ? { name: requested } : requested
  const hashAsked = 'hash' in asked ? nameOf(asked.hash) : hash
  if (asked.name !== name || hashAsked !== hash) {
    throw new TypeError(
      `This pair signs with ${[name, hash].join(' ').trim()}, not with ${asked.name} ${hashAsked}.`,
    )
  }
}

/** An object with some members of its own. Methods of WebCrypto work on their own object alone. */
function replaced<Whole extends object>(whole: Whole, members: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (name in members) return members[name as keyof Whole]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
