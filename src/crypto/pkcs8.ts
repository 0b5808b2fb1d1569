import {
  DerError,
  type DerValue,
  derTag,
  encodeDer,
  octetsOf,
  readDer,
  readDerValues,
  requireDerThroughout,
} from './der.ts'

/** A private key in PKCS#8 (RFC 5958 §2), taken apart; all bytes are views into what was read. */
export interface Pkcs8 {
  /** Object identifier of the algorithm: its content in hex. */
  readonly algorithm: string
  /** Parameters of the algorithm; null if there are none. */
  readonly parameters: DerValue | null
  /** The private key in the form of its algorithm. */
  readonly privateKey: Uint8Array
  /** The attached public key, in the form of its algorithm; null if there is none. */
  readonly publicKey: Uint8Array | null
}

/** Version of PKCS#8 in which a public key can be attached. */
const versionWithPublicKey = 1
/** Tags of PKCS#8: [0] attributes, [1] public key. */
const attributesTag = 0xa0
const publicKeyTag = 0x81

/** Reads one unencrypted private key in PKCS#8; throws {@link DerError} for anything else. Attributes are left out. */
export function readPkcs8(bytes: Uint8Array): Pkcs8 {
  const outer = readDer(bytes, derTag.sequence)
  requireDerThroughout(outer)
  const [version, identifier, privateKey, ...optional] = readDerValues(outer.content)
  const number =
    version?.tag === derTag.integer && version.content.length === 1 ? version.content[0] : undefined
  if (number === undefined || number > versionWithPublicKey) throw new DerError('another version of PKCS#8')
  if (identifier?.tag !== derTag.sequence || privateKey?.tag !== derTag.octetString) {
    throw new DerError('not PKCS#8')
  }
  if (optional[0]?.tag === attributesTag) optional.shift()
  const attached = optional[0]?.tag === publicKeyTag ? optional.shift() : undefined
  if (optional.length > 0) throw new DerError('not PKCS#8')
  if (attached !== undefined && number !== versionWithPublicKey)
    throw new DerError('another version of PKCS#8')
  return {
    ...readIdentifier(identifier),
    privateKey: privateKey.content,
    publicKey: attached === undefined ? null : octetsOf(attached.content),
  }
}

/** PKCS#8 of a private key alone: no attributes, no attached public key. The caller zeroes the result. */
export function encodePkcs8(
  { algorithm, parameters }: Pick<Pkcs8, 'algorithm' | 'parameters'>,
  privateKey: Uint8Array,
): Buffer {
  const identifier = encodeDer(
    derTag.sequence,
    encodeDer(derTag.objectIdentifier, Buffer.from(algorithm, 'hex')),
    ...(parameters === null ? [] : [encodeDer(parameters.tag, parameters.content)]),
  )
  const octets = encodeDer(derTag.octetString, privateKey)
  try {
    return encodeDer(derTag.sequence, encodeDer(derTag.integer, Buffer.of(0)), identifier, octets)
  } finally {
    octets.fill(0)
  }
}

function readIdentifier(identifier: DerValue): Pick<Pkcs8, 'algorithm' | 'parameters'> {
  const [algorithm, parameters = null, ...more] = readDerValues(identifier.content)
  if (algorithm?.tag !== derTag.objectIdentifier || more.length > 0) throw new DerError('no algorithm')
  return { algorithm: Buffer.from(algorithm.content).toString('hex'), parameters }
}
