import type { KeyObject } from 'node:crypto'
import type { SlowWork } from './slow-work.ts'

/** Purpose of a key (NIST SP 800-57 Part 1 §5.1); a key has only one. */
export type KeyUsage =
  | 'ENCRYPT_DECRYPT'
  | 'SIGN_VERIFY'
  | 'GENERATE_VERIFY_MAC'
  | 'KEY_ENCAPSULATION'
  | 'KEY_AGREEMENT'

/** One secret key, or a pair of private and public key. */
export type KeyType = 'SYMMETRIC' | 'ASYMMETRIC'

/** Fresh key material, in the form in which it is wrapped and stored. The caller zeroes `secret` after use. */
export interface GeneratedMaterial {
  /** Raw bytes of a symmetric key; PKCS#8 DER (RFC 5958) of a private key. */
  readonly secret: Buffer
  /** SPKI DER (RFC 5280 §4.1) of the public key; null for symmetric keys. */
  readonly publicKey: Buffer | null
}

/** Authenticated encryption with self-describing ciphertext (see ciphertext-format.ts). */
export interface AeadCapability {
  readonly kind: 'aead'
  /** Number of the algorithm in the ciphertext header; never used for another one. */
  readonly formatId: number
  readonly nonceBytes: number
  readonly tagBytes: number
  /** Encryptions that one version may make with random nonces; null without a practical limit. */
  readonly encryptionsMax: number | null
  /** Returns nonce ‖ body ‖ tag, with a fresh random nonce. */
  seal(key: KeyObject, plaintext: Uint8Array, associatedData: Uint8Array): Buffer
  /** Opens nonce ‖ body ‖ tag; throws {@link DecryptionFailedError} for every cause. */
  open(key: KeyObject, sealed: Uint8Array, associatedData: Uint8Array): Buffer
}

/** Encryption with a public key: the ciphertext is the standard's bytes. */
export interface PublicKeyEncryptionCapability {
  readonly kind: 'publicKeyEncryption'
  /** First one is the default, and the only one that `encrypt` uses. */
  readonly encryptionAlgorithms: readonly EncryptionAlgorithm[]
  /** Longest plaintext in bytes (RFC 8017 §7.1.1). */
  plaintextBytesMax(algorithm: EncryptionAlgorithm): number
  encrypt(publicKey: KeyObject, plaintext: Uint8Array, algorithm: EncryptionAlgorithm): Buffer
  /** Throws {@link DecryptionFailedError} for every cause. */
  decrypt(
    privateKey: KeyObject,
    ciphertext: Uint8Array,
    algorithm: EncryptionAlgorithm,
    work: SlowWork,
  ): Promise<Buffer>
}

/** Padding schemes of public key encryption; the label is always empty and MGF1 uses the same hash. */
export type EncryptionAlgorithm =
  | 'RSAES_OAEP_SHA_256'
  | 'RSAES_OAEP_SHA_1'
  | 'RSAES_OAEP_SHA_384'
  | 'RSAES_OAEP_SHA_512'

/** Type of the bytes to sign: the message or its digest. */
export type MessageType = 'MESSAGE' | 'DIGEST'

/** Form of ECDSA signatures: ASN.1 DER (RFC 3279 §2.2.3) or the two integers side by side (IEEE P1363). */
export type SignatureEncoding = 'DER' | 'P1363'

/** Parameters of a signature. */
export interface SignatureParameters {
  readonly message: Uint8Array
  readonly messageType: MessageType
  readonly signingAlgorithm: SigningAlgorithm
  /** Ignored by algorithms with one encoding only. */
  readonly encoding: SignatureEncoding
}

/** Signature schemes. */
export type SigningAlgorithm =
  | 'RSASSA_PSS_SHA_256'
  | 'RSASSA_PSS_SHA_384'
  | 'RSASSA_PSS_SHA_512'
  | 'RSASSA_PKCS1_V1_5_SHA_256'
  | 'RSASSA_PKCS1_V1_5_SHA_384'
  | 'RSASSA_PKCS1_V1_5_SHA_512'
  | 'ECDSA_SHA_256'
  | 'ECDSA_SHA_384'
  | 'ECDSA_SHA_512'
  | 'ED25519'
  | 'ED448'
  | 'ML_DSA_44'
  | 'ML_DSA_65'
  | 'ML_DSA_87'

/** Digital signatures. Both throw {@link CryptoInputError} for a scheme, digest length or message type that does not fit. */
export interface SignatureCapability {
  readonly kind: 'signature'
  /** The schemes of this key; the first is the default. */
  readonly signingAlgorithms: readonly SigningAlgorithm[]
  /** Those of them that also sign a digest which the caller made (`messageType` DIGEST). */
  readonly digestSigningAlgorithms: readonly SigningAlgorithm[]
  sign(privateKey: KeyObject, parameters: SignatureParameters, work: SlowWork): Promise<Buffer>
  /** False for a signature that does not fit, whatever is wrong with it. */
  verify(
    publicKey: KeyObject,
    parameters: SignatureParameters,
    signature: Uint8Array,
    work: SlowWork,
  ): Promise<boolean>
}

/** Message authentication codes. */
export interface MacCapability {
  readonly kind: 'mac'
  generate(key: KeyObject, message: Uint8Array): Buffer
  /** Constant-time comparison; false for a MAC of another length. */
  verify(key: KeyObject, message: Uint8Array, mac: Uint8Array): boolean
}

/** Key encapsulation (FIPS 203). */
export interface KeyEncapsulationCapability {
  readonly kind: 'keyEncapsulation'
  encapsulate(publicKey: KeyObject, work: SlowWork): Promise<{ sharedSecret: Buffer; ciphertext: Buffer }>
  /** Throws {@link CryptoInputError} for a ciphertext of the wrong length. */
  decapsulate(privateKey: KeyObject, ciphertext: Uint8Array, work: SlowWork): Promise<Buffer>
}

/** Diffie-Hellman key agreement with HKDF (SP 800-56A, RFC 5869); the raw shared secret never leaves. */
export interface KeyAgreementCapability {
  readonly kind: 'keyAgreement'
  /**
   * `peerPublicKey` is SPKI DER; `context` goes into HKDF's info behind both public keys. Throws
   * {@link CryptoInputError} for a peer key that does not fit.
   */
  deriveSharedSecret(
    privateKey: KeyObject,
    parameters: { peerPublicKey: Uint8Array; context: Uint8Array; bytes: number },
    work: SlowWork,
  ): Promise<Buffer>
}

/** Capability of a key of one algorithm and usage. */
export type Capability =
  | AeadCapability
  | PublicKeyEncryptionCapability
  | SignatureCapability
  | MacCapability
  | KeyEncapsulationCapability
  | KeyAgreementCapability

/** One row of the algorithm table. */
export interface AlgorithmEntry {
  /** As stored and as in the GraphQL enum. */
  readonly name: string
  /** As people write it, e.g. AES-256. */
  readonly displayName: string
  readonly type: KeyType
  /** Security strength in bits (NIST SP 800-57 Part 1 table 2, or the algorithm's own standard). */
  readonly securityBits: number
  /** The standard, e.g. "NIST SP 800-38D". */
  readonly standard: string
  /** One sentence for the schema and for documents. */
  readonly description: string
  /** Capabilities by usage. A key has one of these usages, chosen when it is created. */
  readonly capabilities: Readonly<Partial<Record<KeyUsage, Capability>>>
  /** Makes new material. */
  generate(work: SlowWork): Promise<GeneratedMaterial>
  /** Turns stored material into the key that the capabilities take; throws TypeError if it is not of this algorithm. */
  load(secret: Uint8Array): KeyObject
  /** Required form of imported material. */
  readonly importFormat: ImportFormat
  /** Checks material that was made elsewhere; throws ImportedMaterialError if it cannot be of this algorithm. */
  readImported(material: Uint8Array, work: SlowWork): Promise<GeneratedMaterial>
}

/** The raw bytes of a symmetric key, so many, or PKCS#8 DER (RFC 5958) of a private key. */
export type ImportFormat =
  | { readonly format: 'RAW'; readonly bytes: number }
  | { readonly format: 'PKCS8_DER'; readonly bytes: null }

/** The input does not fit the algorithm; `message` says how, without quoting the input. */
export class CryptoInputError extends Error {
  /** The parameter at fault, by its name in the capability (message, signingAlgorithm, plaintext, …). */
  readonly parameter: string
  constructor(parameter: string, message: string) {
    super(message)
    this.parameter = parameter
  }
}

/** The one failure of every decryption, whatever the cause (RFC 7516 §11.5 gives the reason). */
export class DecryptionFailedError extends Error {
  constructor() {
    super('decryption failed')
  }
}
