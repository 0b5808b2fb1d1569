import { type KeyObject, randomBytes } from 'node:crypto'
import { algorithms } from '../../src/crypto/algorithms.ts'
import {
  type AlgorithmEntry,
  type Capability,
  CryptoInputError,
  DecryptionFailedError,
} from '../../src/crypto/capabilities.ts'
import { unwrapImportedMaterial } from '../../src/crypto/import-wrapping.ts'
import { ImportedMaterialError } from '../../src/crypto/imported-material.ts'
import { loadPublicKey } from '../../src/crypto/public-key.ts'
import { atOnce, freshKey } from './keys.ts'
import { type agreementCurves, refusedPeers, spkiOf } from './peer-keys.ts'
import { formsOf, pairAlgorithms } from './private-key-forms.ts'

/** An input that must be refused, whoever sends it. */
export interface BadInput {
  readonly what: string
  /** Sends it to the code that takes it; throws for failures that are not refusals. */
  isRefused(): Promise<boolean>
}

/** Bad inputs to everything that takes bytes from a caller, for every algorithm. */
export async function badInputs(): Promise<readonly BadInput[]> {
  const found: BadInput[] = []
  for (const entry of algorithms) {
    const { key, publicKey } = await freshKey(entry)
    for (const capability of Object.values(entry.capabilities)) {
      found.push(...badInputsOf(entry.name, capability, { key, publicKey }))
    }
    found.push(...badMaterials(entry), ...badStored(entry, publicKey))
    if (entry.name === 'RSA_4096') found.push(...badWrappings(key))
  }
  return found
}

type Refusal = () => unknown

function refusals(family: string, attempts: Readonly<Record<string, Refusal>>): BadInput[] {
  return Object.entries(attempts).map(([what, attempt]) => ({
    what: `${family}: ${what}`,
    async isRefused() {
      try {
        return (await attempt()) === false
      } catch (error) {
        const isRefusal =
          error instanceof CryptoInputError ||
          error instanceof DecryptionFailedError ||
          error instanceof ImportedMaterialError
        if (!isRefusal) throw error
        return true
      }
    },
  }))
}

/** Bytes that are garbage in several ways, around a length. */
function garbage(length: number): Readonly<Record<string, Buffer>> {
  return {
    nothing: Buffer.alloc(0),
    'one byte': Buffer.alloc(1),
    zeros: Buffer.alloc(length),
    ones: Buffer.alloc(length, 0xff),
    'random bytes': randomBytes(length),
    'a byte less': randomBytes(Math.max(0, length - 1)),
    'a byte more': randomBytes(length + 1),
    'an empty sequence': Buffer.of(0x30, 0),
    'a sequence of zeros': Buffer.from('3006020100020100', 'hex'),
  }
}

function each(bytes: Readonly<Record<string, Buffer>>, attempt: (given: Buffer) => unknown) {
  return Object.fromEntries(Object.entries(bytes).map(([what, given]) => [what, () => attempt(given)]))
}

function badInputsOf(
  name: string,
  capability: Capability,
  { key, publicKey }: { key: KeyObject; publicKey: KeyObject },
): BadInput[] {
  const family = `${name} ${capability.kind}`
  switch (capability.kind) {
    case 'aead':
      return refusals(
        family,
        each(garbage(64), (bytes) => capability.open(key, bytes, Buffer.alloc(0))),
      )
    case 'publicKeyEncryption': {
      const modulusBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
      return capability.encryptionAlgorithms.flatMap((algorithm) =>
        refusals(`${family} ${algorithm}`, {
          ...each(garbage(modulusBytes), (bytes) => capability.decrypt(key, bytes, algorithm, atOnce)),
          'a plaintext that is too long': () =>
            capability.encrypt(publicKey, Buffer.alloc(modulusBytes), algorithm),
        }),
      )
    }
    case 'signature':
      return capability.signingAlgorithms.flatMap((signingAlgorithm) =>
        (['DER', 'P1363'] as const).flatMap((encoding) => {
          const parameters = {
            message: Buffer.alloc(3),
            messageType: 'MESSAGE',
            signingAlgorithm,
            encoding,
          } as const
          const asDigest = { ...parameters, messageType: 'DIGEST' } as const
          return refusals(`${family} ${signingAlgorithm} ${encoding}`, {
            ...each(garbage(64), (bytes) => capability.verify(publicKey, parameters, bytes, atOnce)),
            ...each(
              {
                'zeros of the length of a modulus': Buffer.alloc(256),
                'ones of the length of a modulus': Buffer.alloc(256, 0xff),
              },
              (bytes) => capability.verify(publicKey, parameters, bytes, atOnce),
            ),
            'a digest of another length to sign': () => capability.sign(key, asDigest, atOnce),
            'a digest of another length to verify': () =>
              capability.verify(publicKey, asDigest, Buffer.alloc(64), atOnce),
          })
        }),
      )
    case 'mac':
      return refusals(
        family,
        each(garbage(32), (bytes) => capability.verify(key, Buffer.alloc(3), bytes)),
      )
    case 'keyEncapsulation':
      return refusals(
        family,
        each(garbage(1), (bytes) => capability.decapsulate(key, bytes, atOnce)),
      )
    case 'keyAgreement':
      return refusals(
        family,
        each(refusedPeers(name as keyof typeof agreementCurves), (peerPublicKey) =>
          capability.deriveSharedSecret(key, { peerPublicKey, context: Buffer.alloc(0), bytes: 32 }, atOnce),
        ),
      )
  }
}

function badMaterials(entry: AlgorithmEntry): BadInput[] {
  const forms = pairAlgorithms.includes(entry.name) ? formsOf(entry.name).refused : []
  return [
    ...refusals(
      `import as ${entry.name}`,
      each(garbage(100), (bytes) => entry.readImported(bytes, atOnce)),
    ),
    ...forms.flatMap(({ what, material }) =>
      refusals(`import as ${entry.name}`, { [what]: () => entry.readImported(material, atOnce) }),
    ),
  ]
}

/** Bytes in the database that somebody changed. */
function badStored(entry: AlgorithmEntry, publicKey: KeyObject): BadInput[] {
  const asRefusal = (load: () => unknown) => {
    try {
      load()
      return true
    } catch {
      return false
    }
  }
  return [
    ...refusals(
      `${entry.name} stored`,
      each(garbage(100), (bytes) => asRefusal(() => entry.load(bytes))),
    ),
    ...(entry.type === 'SYMMETRIC'
      ? []
      : refusals(
          `${entry.name} stored public key`,
          each({ ...garbage(100), 'cut off': spkiOf(publicKey).subarray(0, -1) }, (bytes) =>
            asRefusal(() => loadPublicKey(bytes)),
          ),
        )),
  ]
}

function badWrappings(key: KeyObject): BadInput[] {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  return refusals(
    'wrapped material',
    each(garbage(600), (bytes) => unwrapImportedMaterial(pkcs8, bytes, atOnce)),
  )
}
