import { createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { atOnce } from '../../crypto/keys.ts'
import { agreementCurves, generateOn, spkiOf, withPoint } from '../../crypto/peer-keys.ts'
import { pkcs8OfBytes, pkcs8OnCurve } from '../raw-keys.ts'
import { bytes, text, type VectorCase } from './files.ts'
import { acceptedIf, capabilityOf, type FindCheck, importedOrNull, requireSame } from './outcome.ts'

interface Curve {
  readonly name: keyof typeof agreementCurves
  readonly jwk: string
  readonly hash: string
}

/** Curves by their names in the files and in JWK. */
const curves: readonly (Curve & { readonly names: readonly string[] })[] = [
  { names: ['secp256r1', 'P-256'], name: 'EC_P256', jwk: 'P-256', hash: 'sha256' },
  { names: ['secp384r1', 'P-384'], name: 'EC_P384', jwk: 'P-384', hash: 'sha384' },
  { names: ['secp521r1', 'P-521'], name: 'EC_P521', jwk: 'P-521', hash: 'sha512' },
  { names: ['curve25519', 'X25519'], name: 'X25519', jwk: 'X25519', hash: 'sha256' },
]

/** A private key in PKCS#8, and a peer's public key in SubjectPublicKeyInfo; null where the encoding has no such form. */
interface Keys {
  readonly pkcs8: Buffer | null
  readonly spki: Buffer | null
}

/** How the keys of a case are turned into what the product takes, without looking whether they are any good. */
type ReadKeys = (test: VectorCase, curve: Curve) => Keys

/** Key agreement with keys of one encoding: HKDF of the vector's secret must come out. */
function checkAgreement(read: ReadKeys): FindCheck {
  return (_file, group) => {
    const curve = curves.find(({ names }) => names.includes(text(group, 'curve')))
    if (curve === undefined) return { notApplicable: `no key agreement on ${text(group, 'curve')}` }
    return {
      offered: () => true,
      attempt: (test) => agree(curve, read(test, curve), test),
    }
  }
}

/** Private keys as numbers, public keys in SubjectPublicKeyInfo. */
export const checkEcdh = checkAgreement((test, curve) => ({
  pkcs8: pkcs8OfScalar(curve, bytes(test, 'private')),
  spki: bytes(test, 'public'),
}))

/** Private keys as numbers, public keys as points. */
export const checkEcdhPoint = checkAgreement((test, curve) => ({
  pkcs8: pkcs8OfScalar(curve, bytes(test, 'private')),
  spki: spkiOfPoint(curve, bytes(test, 'public')),
}))

/** Both as bare bytes (RFC 7748 §5). */
export const checkXdhRaw = checkAgreement((test, curve) => ({
  pkcs8: pkcs8OfScalar(curve, bytes(test, 'private')),
  spki: spkiOfPoint(curve, bytes(test, 'public')),
}))

/** Private keys in PKCS#8, public keys in SubjectPublicKeyInfo. */
export const checkXdhDer = checkAgreement((test) => ({
  pkcs8: bytes(test, 'private'),
  spki: bytes(test, 'public'),
}))

/** Both in PEM, which a client decodes. */
export const checkPem = checkAgreement((test) => ({
  pkcs8: derOfPem(text(test, 'private')),
  spki: derOfPem(text(test, 'public')),
}))

/** Both as JWK, which a client takes apart. */
export const checkJwk = checkAgreement((test, curve) => ({
  pkcs8: pkcs8OfScalar(curve, numberOf(jwkOf(test, 'private')['d'])),
  spki: spkiOfJwk(jwkOf(test, 'public')),
}))

async function agree(curve: Curve, { pkcs8, spki }: Keys, test: VectorCase) {
  const found = capabilityOf(curve.name, 'KEY_AGREEMENT', 'keyAgreement')
  if (found === null) throw new TypeError(`no key agreement with ${curve.name}`)
  return acceptedIf(async () => {
    const privateKey = pkcs8 === null ? null : await importedOrNull(found.entry, pkcs8)
    if (privateKey === null || spki === null) return false
    const context = Buffer.from('vectors')
    const parameters = { peerPublicKey: spki, context, bytes: 32 }
    const derived = await found.capability.deriveSharedSecret(privateKey, parameters, atOnce)
    const info = infoOf(privateKey, spki, context)
    return requireSame(derived, Buffer.from(hkdfSync(curve.hash, bytes(test, 'shared'), '', info, 32)))
  })
}

/** The info of the product, written down a second time. */
function infoOf(privateKey: KeyObject, peerPublicKey: Buffer, context: Buffer): Buffer {
  const keys = [spkiOf(createPublicKey(privateKey)), peerPublicKey].sort(Buffer.compare)
  return Buffer.concat(
    [Buffer.from('keystead key agreement v1'), ...keys, context].flatMap((part) => [
      Buffer.from(part.length.toString(16).padStart(8, '0'), 'hex'),
      part,
    ]),
  )
}

function pkcs8OfScalar({ name, jwk }: Curve, scalar: Buffer): Buffer {
  return name === 'X25519'
    ? pkcs8OfBytes(name, scalar)
    : pkcs8OnCurve({ curve: agreementCurves[name], jwk }, scalar)
}

function spkiOfPoint({ name }: Curve, point: Buffer): Buffer {
  return withPoint(spkiOf(generateOn(agreementCurves[name]).publicKey), point)
}

type Jwk = Readonly<Record<string, unknown>>

function jwkOf(test: VectorCase, field: string): Jwk {
  return test[field] as Jwk
}

function spkiOfJwk(jwk: Jwk): Buffer | null {
  const curve = curves.find((each) => each.jwk === jwk['crv'])
  if (curve === undefined) return null
  if (jwk['kty'] === 'OKP') return spkiOfPoint(curve, numberOf(jwk['x']))
  return spkiOfPoint(curve, Buffer.concat([Buffer.of(4), numberOf(jwk['x']), numberOf(jwk['y'])]))
}

function numberOf(base64url: unknown): Buffer {
  return Buffer.from(String(base64url ?? ''), 'base64url')
}

function derOfPem(pem: string): Buffer | null {
  const body = /^-----BEGIN [A-Z ]+-----\n(?<body>[A-Za-z0-9+/=\n]+)-----END [A-Z ]+-----\n?$/.exec(pem)
    ?.groups?.['body']
  return body === undefined ? null : Buffer.from(body, 'base64')
}
