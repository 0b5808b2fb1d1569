import { createECDH, createPublicKey, type ECDH, type KeyObject } from 'node:crypto'
import type { GeneratedMaterial } from './capabilities.ts'
import { DerError, type DerValue, derTag, encodeDer, octetsOf, readDer, readDerValues } from './der.ts'
import { ImportedMaterialError } from './imported-material.ts'
import { isConsistentRsaKey, worksWithItsPublicKey } from './key-consistency.ts'
import { isOfKind, type KeyPairKind, lengthOfGeneration, parsePrivateKey } from './key-pair.ts'
import { describeOtherForm } from './other-key-forms.ts'
import { encodePkcs8, type Pkcs8, readPkcs8 } from './pkcs8.ts'
import { readSpki } from './public-key.ts'
import type { SlowWork } from './slow-work.ts'

type CurveKind = Extract<KeyPairKind, { type: 'ec' }>

/** Object identifiers of the algorithms (RFC 8017 §A.1, RFC 5480 §2.1.1, RFC 8410 §3, RFC 9881 §2, RFC 9935 §3). */
const objectIdentifiers: Readonly<Record<KeyPairKind['type'], string>> = {
  rsa: '2a864886f70d010101',
  ec: '2a8648ce3d0201',
  ed25519: '2b6570',
  ed448: '2b6571',
  x25519: '2b656e',
  'ml-dsa-44': '608648016503040311',
  'ml-dsa-65': '608648016503040312',
  'ml-dsa-87': '608648016503040313',
  'ml-kem-768': '608648016503040402',
  'ml-kem-1024': '608648016503040403',
}
/** RSA keys that are bound to RSASSA-PSS (RFC 4055 §3.1). */
const rsaPssIdentifier = '2a864886f70d01010a'

/** Curves by their names in OpenSSL: object identifier (RFC 5480 §2.1.1.1, SEC 2 §A.2), and bytes of a private value. */
const curves: Readonly<Record<string, { identifier: string; scalarBytes: number }>> = {
  prime256v1: { identifier: '2a8648ce3d030107', scalarBytes: 32 },
  secp384r1: { identifier: '2b81040022', scalarBytes: 48 },
  secp521r1: { identifier: '2b81040023', scalarBytes: 66 },
  secp256k1: { identifier: '2b8104000a', scalarBytes: 32 },
}

/** Optional parts of ECPrivateKey (RFC 5915 §3), and the seed of ML-DSA and ML-KEM (RFC 9881 §6, RFC 9935 §6). */
const optionalTag = { curve: 0xa0, point: 0xa1, seed: 0x80 } as const

/**
 * Takes a private key that was made elsewhere: PKCS#8 DER of the right algorithm, whose parts fit together (NIST SP
 * 800-56A §5.6.2.1, SP 800-56B §6.4.1). What is stored is made anew from the numbers of the key. Nothing of the form in
 * which it came is kept: no attributes, attached public key, parameters of a curve or other form of a point.
 */
export async function readImportedPrivateKey(
  bytes: Uint8Array,
  kind: KeyPairKind,
  work: SlowWork,
): Promise<GeneratedMaterial> {
  const given = readGiven(bytes)
  requireAlgorithm(given, kind)
  const rebuilt = orNotAKey(() => rebuild(given, kind))
  try {
    const key = orNotAKey(() => parsePrivateKey(rebuilt))
    if (!isOfKind(key, kind)) {
      throw new ImportedMaterialError(
        'OTHER_ALGORITHM',
        'the private key is of another size than this algorithm, or has a public exponent that is even, below 65,537 or longer than 64 bits',
      )
    }
    const made = {
      secret: key.export({ type: 'pkcs8', format: 'der' }),
      publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    }
    let fits = false
    try {
      fits = await work(lengthOfGeneration(kind.type), () => isConsistent(given, kind, { key, ...made }))
    } finally {
      if (!fits) made.secret.fill(0)
    }
    if (!fits) throw inconsistent()
    return made
  } finally {
    rebuilt.fill(0)
  }
}

function readGiven(bytes: Uint8Array): Pkcs8 {
  try {
    return readPkcs8(bytes)
  } catch {
    throw new ImportedMaterialError('NOT_A_KEY', describeOtherForm(bytes))
  }
}

/** Runs what reads a key; where that fails, the bytes are none. */
function orNotAKey<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ImportedMaterialError) throw error
    throw new ImportedMaterialError(
      'NOT_A_KEY',
      'the parts of the private key are not those that its algorithm has, or are encoded in another way',
    )
  }
}

function inconsistent(): ImportedMaterialError {
  return new ImportedMaterialError('INCONSISTENT', 'the parts of the private key do not fit together')
}

function requireAlgorithm({ algorithm, parameters }: Pkcs8, kind: KeyPairKind): void {
  const wrong = whatIsOther({ algorithm, parameters }, kind)
  if (wrong !== null) throw new ImportedMaterialError('OTHER_ALGORITHM', wrong)
}

/** Describes how the algorithm of a key differs from this kind; null if it does not. */
function whatIsOther({ algorithm, parameters }: Pick<Pkcs8, 'algorithm' | 'parameters'>, kind: KeyPairKind) {
  if (kind.type === 'rsa' && algorithm === rsaPssIdentifier) {
    return 'the private key is marked for RSASSA-PSS alone, and a key here is for every scheme of RSA (remove the mark: openssl rsa -traditional -inform DER -in key -outform DER -out unmarked; openssl pkcs8 -topk8 -nocrypt -inform DER -in unmarked -outform DER -out material)'
  }
  if (algorithm !== objectIdentifiers[kind.type])
    return 'the private key is of another type than this algorithm'
  if (kind.type !== 'ec') {
    const isEmpty = parameters === null || (kind.type === 'rsa' && isNull(parameters))
    return isEmpty ? null : 'the private key has parameters that this algorithm does not have'
  }
  if (parameters?.tag === derTag.sequence) {
    return 'the curve is given by its parameters, and must be given by its name (convert it: openssl ec -inform DER -in key -param_enc named_curve -out named; openssl pkcs8 -topk8 -nocrypt -in named -outform DER -out material)'
  }
  return namesCurve(parameters, kind) ? null : 'the private key is on another curve than this algorithm'
}

function isNull({ tag, content }: DerValue): boolean {
  return tag === derTag.null && content.length === 0
}

function namesCurve(parameters: DerValue | null, { curve }: CurveKind): boolean {
  const identifier = Buffer.from(parameters?.content ?? []).toString('hex')
  return parameters?.tag === derTag.objectIdentifier && identifier === curves[curve]?.identifier
}

/** PKCS#8 of the numbers alone; the caller zeroes it. */
function rebuild(given: Pkcs8, kind: KeyPairKind): Buffer {
  const privateKey = rebuildPrivateKey(given, kind)
  try {
    return encodePkcs8(given, privateKey)
  } finally {
    privateKey.fill(0)
  }
}

/** The one encoding of the numbers in the form of the algorithm; most forms have no second one in DER. */
function rebuildPrivateKey(given: Pkcs8, kind: KeyPairKind): Buffer {
  switch (kind.type) {
    case 'rsa':
      rsaNumbersOf(given)
      return Buffer.from(given.privateKey)
    case 'ec':
      return rebuildCurveKey(given, kind)
    case 'ed25519':
    case 'ed448':
    case 'x25519':
      // CurvePrivateKey (RFC 8410 §7).
      readDer(given.privateKey, derTag.octetString)
      return Buffer.from(given.privateKey)
    default:
      return rebuildLatticeKey(given)
  }
}

/** The integers of RSAPrivateKey (RFC 8017 §A.1.2): version, n, e, d, p, q, dP, dQ, qInv. */
function rsaNumbersOf({ privateKey }: Pkcs8): Uint8Array[] {
  const values = readDerValues(readDer(privateKey, derTag.sequence).content)
  if (values.length !== 9 || !values.every(isNaturalNumber)) throw new DerError('not a key of two primes')
  return values.map(({ content }) => content)
}

/** An INTEGER that is not negative, in its shortest form (X.690 §8.3.2). */
function isNaturalNumber({ tag, content: [first, second] }: DerValue): boolean {
  if (tag !== derTag.integer || first === undefined || first >= 0x80) return false
  return first !== 0 || second === undefined || second >= 0x80
}

/** ECPrivateKey (RFC 5915 §3) with the point that belongs to the private value, uncompressed. */
function rebuildCurveKey(given: Pkcs8, kind: CurveKind): Buffer {
  const [version, scalar, ...optional] = readDerValues(readDer(given.privateKey, derTag.sequence).content)
  const isVersion1 = version?.tag === derTag.integer && Buffer.from(version.content).equals(Buffer.of(1))
  if (!isVersion1 || scalar?.tag !== derTag.octetString) throw new DerError('not a key on a curve')
  const named = optional[0]?.tag === optionalTag.curve ? optional.shift() : undefined
  const attached = optional[0]?.tag === optionalTag.point ? optional.shift() : undefined
  if (optional.length > 0) throw new DerError('not a key on a curve')
  if (named !== undefined && !namesCurve(readDer(named.content), kind)) throw inconsistent()
  const points = [given.publicKey, attached && octetsOf(readDer(attached.content, derTag.bitString).content)]
  const padded = encodeDer(derTag.octetString, padScalar(scalar.content, kind))
  try {
    const pair = createPair(readDer(padded).content, kind)
    if (!points.every((point) => !point || isPointOf(pair, point))) throw inconsistent()
    const point = encodeDer(derTag.bitString, Buffer.of(0), pair.getPublicKey())
    return encodeDer(
      derTag.sequence,
      encodeDer(derTag.integer, version.content),
      padded,
      encodeDer(optionalTag.point, point),
    )
  } finally {
    padded.fill(0)
  }
}

/** A private value in as many bytes as the order of the curve has; some software leaves out leading zeros. */
function padScalar(scalar: Uint8Array, { curve }: CurveKind): Buffer {
  const bytes = curves[curve]?.scalarBytes ?? 0
  if (scalar.length > bytes) throw outOfRange()
  const padded = Buffer.alloc(bytes)
  padded.set(scalar, bytes - scalar.length)
  return padded
}

function createPair(scalar: Uint8Array, { curve }: CurveKind): ECDH {
  const pair = createECDH(curve)
  try {
    pair.setPrivateKey(scalar)
  } catch {
    throw outOfRange()
  }
  return pair
}

function outOfRange(): ImportedMaterialError {
  return new ImportedMaterialError(
    'INCONSISTENT',
    'the private value is not between zero and the order of the curve, or has more bytes than that',
  )
}

/** True if bytes are the point of a pair, in any of its forms (SEC 1 §2.3.3). */
function isPointOf(pair: ECDH, point: Uint8Array): boolean {
  const forms = ['uncompressed', 'compressed', 'hybrid'] as const
  return forms.some((form) => pair.getPublicKey(null, form).equals(point))
}

/** The private key of ML-DSA or ML-KEM: its seed, which everything follows from, or the expanded key where that is all. */
function rebuildLatticeKey({ privateKey }: Pkcs8): Buffer {
  const { tag, content } = readDer(privateKey)
  if (tag !== derTag.sequence) {
    if (tag !== optionalTag.seed && tag !== derTag.octetString) throw new DerError('neither seed nor key')
    return Buffer.from(privateKey)
  }
  const [seed, expanded, ...more] = readDerValues(content)
  const isBoth = seed?.tag === derTag.octetString && expanded?.tag === derTag.octetString && more.length === 0
  if (!isBoth) throw new DerError('not a seed and a key')
  return encodeDer(optionalTag.seed, seed.content)
}

async function isConsistent(
  given: Pkcs8,
  kind: KeyPairKind,
  made: { readonly key: KeyObject; readonly secret: Buffer; readonly publicKey: Buffer },
): Promise<boolean> {
  // Its points were compared when it was made anew.
  if (kind.type === 'ec') return true
  if (given.publicKey !== null && !Buffer.from(given.publicKey).equals(readSpki(made.publicKey).key))
    return false
  if (kind.type === 'rsa') return isConsistentRsaKey(rsaNumbersOf(given))
  // Where the expanded key came with its seed, it must be what the seed expands to.
  const cameWithSeed = given.privateKey[0] === derTag.sequence
  return (
    (!cameWithSeed || Buffer.from(given.privateKey).equals(readPkcs8(made.secret).privateKey)) &&
    worksWithItsPublicKey(made.key)
  )
}
