import { createPublicKey, ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { ImportedMaterialFault } from '../../src/crypto/imported-material.ts'
import { der, notDer } from './der-bytes.ts'

/** A private key in a form that other software writes. */
export interface KeyForm {
  readonly what: string
  readonly material: Buffer
}

/** Forms of private keys of one algorithm. */
export interface KeyForms {
  /** As this software writes a key. */
  readonly canonical: Buffer
  /** The same key in other forms that are taken. */
  readonly accepted: readonly KeyForm[]
  /** What is no such key, and why. */
  readonly refused: readonly (KeyForm & { readonly fault: ImportedMaterialFault })[]
}

const curves = {
  EC_P256: { name: 'prime256v1', order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551' },
  EC_P384: {
    name: 'secp384r1',
    order: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  },
  EC_P521: {
    name: 'secp521r1',
    order:
      '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  },
  EC_SECP256K1: {
    name: 'secp256k1',
    order: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
  },
} as const

const otherTypes = {
  ED25519: 'ed25519',
  ED448: 'ed448',
  X25519: 'x25519',
  ML_DSA_44: 'ml-dsa-44',
  ML_DSA_65: 'ml-dsa-65',
  ML_DSA_87: 'ml-dsa-87',
  ML_KEM_768: 'ml-kem-768',
  ML_KEM_1024: 'ml-kem-1024',
} as const

/** The other sizes are read by the same code, and take long to make. */
const rsaSizes = { RSA_2048: 2048 } as const

/** Algorithms of key pairs, by their names in the table. */
export const pairAlgorithms = [
  ...Object.keys(curves),
  ...Object.keys(otherTypes),
  ...Object.keys(rsaSizes),
] as readonly string[]

/** Forms of private keys of an algorithm, made of fresh keys. */
export function formsOf(algorithm: string): KeyForms {
  if (algorithm in curves) return curveForms(curves[algorithm as keyof typeof curves])
  if (algorithm in otherTypes) return otherForms(otherTypes[algorithm as keyof typeof otherTypes])
  return rsaForms(rsaSizes[algorithm as keyof typeof rsaSizes])
}

const refuse = (fault: ImportedMaterialFault, forms: Readonly<Record<string, Uint8Array>>) =>
  Object.entries(forms).map(([what, material]) => ({ what, material: Buffer.from(material), fault }))
const accept = (forms: Readonly<Record<string, Uint8Array>>) =>
  Object.entries(forms).map(([what, material]) => ({ what, material: Buffer.from(material) }))

const zero = der(2, Buffer.of(0))
const one = der(2, Buffer.of(1))
/** An attribute (RFC 5958 §2): a friendly name. */
const attributes = der(
  0xa0,
  der(
    0x30,
    der(6, Buffer.from('2a864886f70d010914', 'hex')),
    der(0x31, der(0x1e, Buffer.from('006b00650079', 'hex'))),
  ),
)

function pkcs8Of(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' })
}

/** Content of the AlgorithmIdentifier and of the OCTET STRING behind it, as DER that this software made. */
function partsOf(pkcs8: Buffer): { identifier: Buffer; privateKey: Buffer } {
  const [, identifier, octets] = childrenOf(pkcs8)
  if (identifier === undefined || octets === undefined) throw new TypeError('not PKCS#8')
  return { identifier: identifier.all, privateKey: octets.content }
}

function childrenOf(bytes: Buffer): { all: Buffer; content: Buffer }[] {
  const values: { all: Buffer; content: Buffer }[] = []
  const contentOf = (at: number) => {
    const first = bytes.readUInt8(at + 1)
    const octets = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + octets
    return { start, end: start + (octets === 0 ? first : bytes.readUIntBE(at + 2, octets)) }
  }
  const outer = contentOf(0)
  for (let at = outer.start; at < outer.end; ) {
    const { start, end } = contentOf(at)
    values.push({ all: bytes.subarray(at, end), content: bytes.subarray(start, end) })
    at = end
  }
  return values
}

/** The bytes of the public key in an SPKI. */
function publicBytesOf(key: KeyObject): Buffer {
  const [, bits] = childrenOf(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  return bits?.content.subarray(1) ?? Buffer.of()
}

const attached = (publicKey: Uint8Array) => der(0x81, Buffer.of(0), publicKey)

/** Forms that are wrong, or taken, for every type of key. */
function commonForms(key: KeyObject, other: KeyObject): Pick<KeyForms, 'accepted' | 'refused'> {
  const canonical = pkcs8Of(key)
  const { identifier, privateKey } = partsOf(canonical)
  const octets = der(4, privateKey)
  const oneAsymmetricKey = (...more: Buffer[]) => der(0x30, one, identifier, octets, ...more)
  const own = publicBytesOf(key)
  const identifierContent = childrenOf(canonical)[1]?.content ?? Buffer.of()
  // Behind an algorithm that has no parameters, a value is one.
  const hasParameters = childrenOf(identifier).length > 1
  const faultOfVariant = (what: string): ImportedMaterialFault =>
    !hasParameters && what === 'top.1.0: a value behind it' ? 'OTHER_ALGORITHM' : 'NOT_A_KEY'
  return {
    accepted: accept({
      'with attributes': der(0x30, zero, identifier, octets, attributes),
      'with its public key attached': oneAsymmetricKey(attached(own)),
      'with attributes and its public key attached': oneAsymmetricKey(attributes, attached(own)),
    }),
    refused: [
      ...refuse('INCONSISTENT', {
        "with somebody else's public key attached": oneAsymmetricKey(attached(publicBytesOf(other))),
        'with half of its public key attached': oneAsymmetricKey(attached(own.subarray(0, own.length >> 1))),
      }),
      ...refuse('NOT_A_KEY', {
        'with a public key of not whole bytes': oneAsymmetricKey(der(0x81, Buffer.of(1), own)),
        'of version 2': der(0x30, der(2, Buffer.of(2)), identifier, octets),
        'of version 0 with a public key': der(0x30, zero, identifier, octets, attached(own)),
        'without a private key': der(0x30, zero, identifier),
        'with an empty private key': der(0x30, zero, identifier, der(4)),
        'with two private keys': der(0x30, zero, identifier, octets, octets),
        PEM: Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })),
        encrypted: key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
        'its public key': createPublicKey(key).export({ type: 'spki', format: 'der' }),
        'cut off': canonical.subarray(0, -1),
        nothing: Buffer.of(),
      }),
      ...refuse('OTHER_ALGORITHM', {
        'of an unknown type': der(0x30, zero, der(0x30, der(6, Buffer.from('2a0304', 'hex'))), octets),
        'with parameters of another type': der(
          0x30,
          zero,
          der(0x30, identifierContent.subarray(0, 2 + identifierContent.readUInt8(1)), der(2, Buffer.of(1))),
          octets,
        ),
      }),
      ...[...notDer(canonical)].map(([what, material]) => ({ what, material, fault: faultOfVariant(what) })),
    ],
  }
}

function curveForms({ name, order }: { name: string; order: string }): KeyForms {
  const [key, other] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: name }).privateKey) as [
    KeyObject,
    KeyObject,
  ]
  const explicit = generateKeyPairSync('ec', { namedCurve: name, paramEncoding: 'explicit' }).privateKey
  const another = generateKeyPairSync('ec', {
    namedCurve: name === 'secp521r1' ? 'secp384r1' : 'secp521r1',
  }).privateKey
  const canonical = pkcs8Of(key)
  const { identifier } = partsOf(canonical)
  const curve = childrenOf(identifier)[1]?.all ?? Buffer.of()
  const otherCurve = childrenOf(partsOf(pkcs8Of(another)).identifier)[1]?.all ?? Buffer.of()
  const scalar = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url')
  const point = publicBytesOf(key)
  const otherPoint = publicBytesOf(other)
  const formOf = (form: 'compressed' | 'hybrid', of = point) =>
    ECDH.convertKey(of, name, undefined, undefined, form) as Buffer
  const withKey = (...parts: Buffer[]) => der(0x30, zero, identifier, der(4, der(0x30, ...parts)))
  const withScalar = (value: Uint8Array) => withKey(one, der(4, value))
  const withPoint = (of: Uint8Array) => withKey(one, der(4, scalar), der(0xa1, der(3, Buffer.of(0), of)))
  const n = BigInt(`0x${order}`)
  const numberOf = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * scalar.length, '0'), 'hex')
  const off = Buffer.from(point)
  off.writeUInt8(off.readUInt8(off.length - 1) ^ 1, off.length - 1)
  const common = commonForms(key, other)
  return {
    canonical,
    accepted: [
      ...common.accepted,
      ...accept({
        'without its point': withScalar(scalar),
        'with its point compressed': withPoint(formOf('compressed')),
        'with its point in hybrid form': withPoint(formOf('hybrid')),
        'with its curve named twice': withKey(one, der(4, scalar), der(0xa0, curve)),
        'with its compressed point attached': der(
          0x30,
          one,
          identifier,
          der(4, der(0x30, one, der(4, scalar))),
          attached(formOf('compressed')),
        ),
      }),
    ],
    refused: [
      ...common.refused,
      ...refuse('INCONSISTENT', {
        'with a private value of zero': withScalar(Buffer.alloc(scalar.length)),
        'with a private value of zero in one byte': withScalar(Buffer.of(0)),
        'with an empty private value': withScalar(Buffer.of()),
        'with the order as its private value': withScalar(numberOf(n)),
        'with a private value above the order': withScalar(numberOf(n + 1n)),
        'with the largest private value of its length': withScalar(Buffer.alloc(scalar.length, 0xff)),
        'with a private value longer than the order': withScalar(Buffer.concat([Buffer.of(1), scalar])),
        'with zeros in front of its private value': withScalar(Buffer.concat([Buffer.of(0), scalar])),
        'with the point of another': withPoint(otherPoint),
        'with the compressed point of another': withPoint(formOf('compressed', otherPoint)),
        'with the point at infinity': withPoint(Buffer.of(0)),
        'with an empty point': withPoint(Buffer.of()),
        'with a point that is not on the curve': withPoint(off),
        'with another curve in its private key': withKey(one, der(4, scalar), der(0xa0, otherCurve)),
      }),
      ...refuse('OTHER_ALGORITHM', {
        'with its curve by parameters': pkcs8Of(explicit),
        'on another curve': pkcs8Of(another),
        'without a curve': der(
          0x30,
          zero,
          der(0x30, childrenOf(identifier)[0]?.all ?? zero),
          der(4, der(0x30, one, der(4, scalar))),
        ),
      }),
      ...refuse('NOT_A_KEY', {
        'in SEC 1': key.export({ type: 'sec1', format: 'der' }),
        'of version 2 of SEC 1': withKey(der(2, Buffer.of(2)), der(4, scalar)),
      }),
    ],
  }
}

function otherForms(type: (typeof otherTypes)[keyof typeof otherTypes]): KeyForms {
  const [key, other] = [0, 1].map(() => generateOther(type).privateKey) as [KeyObject, KeyObject]
  const common = commonForms(key, other)
  const canonical = pkcs8Of(key)
  const { identifier, privateKey } = partsOf(canonical)
  const withKey = (inner: Uint8Array) => der(0x30, zero, identifier, der(4, inner))
  if (!type.startsWith('ml-')) {
    const [, ...bytes] = privateKey.subarray(1)
    return {
      canonical,
      accepted: common.accepted,
      refused: [
        ...common.refused,
        ...refuse('NOT_A_KEY', {
          'with a byte less': withKey(der(4, Buffer.from(bytes.slice(1)))),
          'with a byte more': withKey(der(4, Buffer.from([...bytes, 0]))),
        }),
      ],
    }
  }
  const [seed, expanded] = childrenOf(privateKey).map(({ content }) => content) as [Buffer, Buffer]
  const [otherSeed, otherExpanded] = childrenOf(partsOf(pkcs8Of(other)).privateKey).map(
    ({ content }) => content,
  ) as [Buffer, Buffer]
  return {
    canonical,
    accepted: [...common.accepted, ...accept({ 'as its seed alone': withKey(der(0x80, seed)) })],
    refused: [
      ...common.refused,
      ...refuse('INCONSISTENT', {
        'with the seed of another': withKey(der(0x30, der(4, otherSeed), der(4, expanded))),
        'with the expanded key of another': withKey(der(0x30, der(4, seed), der(4, otherExpanded))),
      }),
      ...refuse('NOT_A_KEY', {
        'with a seed of a byte less': withKey(der(0x80, seed.subarray(1))),
        'with an expanded key of a byte less': withKey(der(4, expanded.subarray(1))),
        'with a seed and half a key': withKey(der(0x30, der(4, seed))),
      }),
    ],
  }
}

/** Node's declarations know each type by itself. */
function generateOther(type: (typeof otherTypes)[keyof typeof otherTypes]): { privateKey: KeyObject } {
  return (generateKeyPairSync as (type: string) => { privateKey: KeyObject })(type)
}

function rsaForms(modulusLength: number): KeyForms {
  const [key, other] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength }).privateKey) as [
    KeyObject,
    KeyObject,
  ]
  const canonical = pkcs8Of(key)
  const { identifier, privateKey } = partsOf(canonical)
  const numbers = childrenOf(privateKey).map(({ all }) => all)
  const otherNumbers = childrenOf(partsOf(pkcs8Of(other)).privateKey).map(({ all }) => all)
  const withNumbers = (all: readonly Buffer[]) => der(0x30, zero, identifier, der(4, der(0x30, ...all)))
  const changed = (index: number, value: Buffer) => withNumbers(numbers.with(index, value))
  const names = [
    'version',
    'modulus',
    'public exponent',
    'private exponent',
    'first prime',
    'second prime',
    'first CRT exponent',
    'second CRT exponent',
    'CRT coefficient',
  ]
  const common = commonForms(key, other)
  const pss = der(0x30, der(6, Buffer.from('2a864886f70d01010a', 'hex')))
  return {
    canonical,
    accepted: [
      ...common.accepted,
      ...accept({
        'without the NULL': der(
          0x30,
          zero,
          der(0x30, childrenOf(identifier)[0]?.all ?? zero),
          der(4, privateKey),
        ),
      }),
    ],
    refused: [
      ...common.refused,
      ...[3, 4, 5, 6, 7, 8].flatMap((index) =>
        refuse('INCONSISTENT', {
          [`with the ${names[index]} of another`]: changed(index, otherNumbers[index] ?? zero),
          [`with a ${names[index]} of zero`]: changed(index, zero),
        }),
      ),
      ...[1, 4, 5].flatMap((index) => {
        const content = childrenOf(privateKey)[index]?.content ?? Buffer.of()
        return refuse('NOT_A_KEY', {
          [`with a ${names[index]} that is negative`]: changed(
            index,
            der(2, content.subarray(content[0] === 0 ? 1 : 0)),
          ),
          [`with zeros in front of its ${names[index]}`]: changed(index, der(2, Buffer.of(0), content)),
        })
      }),
      ...refuse('OTHER_ALGORITHM', {
        'with an even public exponent': changed(2, der(2, Buffer.from('010000', 'hex'))),
        'with a public exponent of 3': changed(2, der(2, Buffer.of(3))),
        'marked for RSASSA-PSS': der(0x30, zero, pss, der(4, privateKey)),
        'on a curve': pkcs8Of(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
      }),
      ...refuse('NOT_A_KEY', {
        'of more than two primes': changed(0, one),
        'with a modulus of zero': changed(1, zero),
        'in PKCS#1': key.export({ type: 'pkcs1', format: 'der' }),
        'without its CRT coefficient': withNumbers(numbers.slice(0, 8)),
      }),
    ],
  }
}
