import {
  type AeadCapability,
  DecryptionFailedError,
  type EncryptionAlgorithm,
} from '../../crypto/capabilities.ts'
import { type CiphertextHeader, parseCiphertext } from '../../crypto/ciphertext-format.ts'
import { sortedContext } from '../../crypto/encryption-context.ts'
import { keyIdOf } from '../../ids.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import type { VersionReference } from '../parts/key-references.ts'
import { type BatchOutput, findKeyOrVersionFor, requireAccess } from '../parts/request.ts'
import type { RequestContext } from '../rules/caller.ts'
import { type AssociatedInput, associatedBytes, detailsOfContext } from '../rules/encryption-context.ts'
import { InvalidCiphertextError, NotDecryptableInGraphError } from '../rules/errors.ts'
import { requireBytesAtMost, requireInput } from '../rules/input.ts'
import { requireAssociatedData } from './encrypt.ts'
import {
  capabilityFor,
  defineKeyOperation,
  requiringRoles,
  slowWorkWith,
  versionForUse,
} from './key-operation.ts'
import {
  type BatchOperation,
  type Operation,
  type OperationRequest,
  runBatch,
  type UsedVersion,
} from './run-operation.ts'

/** The version is required for asymmetric keys, whose ciphertext does not describe itself. */
interface DecryptInput extends AssociatedInput {
  readonly ciphertext: Uint8Array
  /** ID, name or alias. */
  readonly key?: string | null | undefined
  readonly version?: VersionReference | null | undefined
  readonly encryptionAlgorithm?: EncryptionAlgorithm | null | undefined
}

export interface DecryptOutput extends UsedVersion {
  readonly plaintext: Buffer
}

/** Bytes by which a ciphertext may exceed its plaintext: header, nonce and tag, or one block of RSA-4096. */
export const ciphertextOverheadBytes = 512

const invalidCiphertext = () => new InvalidCiphertextError()

const noBytes = new Uint8Array()

/** Decrypts a ciphertext while the version that encrypted it is ACTIVE. */
export const decrypt: Operation<DecryptInput, DecryptOutput> = {
  action: 'DECRYPT',
  authorise: requiringRoles('DECRYPT'),
  async run(request, input) {
    const { version = null, context } = input
    request.context.details = detailsOfContext(context)
    const named = await findNamed(request, input)
    if (named !== null && isPublicKeyEncryption(named.key))
      return decryptWithPrivateKey.runOn(request, named.key, named.number, input)
    const opened = await openUserCiphertext(request, {
      ...input,
      onlyKeyId: named?.key.row.id ?? null,
      checkKey() {
        requireInput(
          version === null,
          'version',
          'is for asymmetric keys; this ciphertext names its version itself',
        )
      },
    })
    return opened.output
  },
}

/** The key that the input names, with the number of the version if it names one; null if it names neither. */
async function findNamed(
  request: OperationRequest,
  { key = null, version = null, context }: DecryptInput,
): Promise<{ readonly key: CachedKey; readonly number: number | null } | null> {
  const wanted = { permission: 'DECRYPT', context, notFound: invalidCiphertext } as const
  requireInput(
    key === null || version === null,
    'key',
    'must not be given beside version, which names the key',
  )
  const reference = version ?? key
  return reference === null ? null : findKeyOrVersionFor(request, reference, wanted)
}

/** Decrypts many items. */
export const decryptBatch: BatchOperation<DecryptInput, DecryptOutput> = {
  operation: decrypt,
  bytesOf: (item) => item.ciphertext.length + associatedBytes(item),
  overheadBytes: ciphertextOverheadBytes,
}

/** A ciphertext of a symmetric key that another subgraph stores. */
export interface EncryptedValueInput extends Pick<AssociatedInput, 'context'> {
  readonly ciphertext: Uint8Array
}

/** Longest name of an operation that is on record, in characters. */
const operationNameMax = 128

/**
 * Decrypts values that a query of a federated graph selects, in one batch. It is `decryptBatch` for keys that are
 * `decryptableInGraph`; its audit events say that it was a query, and its name. A value that occurs several times is
 * decrypted and recorded once.
 */
export async function decryptInGraph(
  parts: Dependencies,
  call: RequestContext,
  values: readonly EncryptedValueInput[],
  operationName: string | null,
): Promise<BatchOutput<DecryptOutput>> {
  const distinct = new Map<string, { readonly value: EncryptedValueInput; readonly place: number }>()
  const places = values.map((value) => {
    const identity = identityOf(value)
    const { place } = distinct.get(identity) ?? { place: distinct.size }
    distinct.set(identity, { value, place })
    return place
  })
  const batch = { ...decryptBatch, operation: decryptionInGraph(operationName) }
  const outputs = await runBatch(
    parts,
    call,
    batch,
    [...distinct.values()].map(({ value }) => value),
  )
  return places.map((place) => outputs[place] ?? new TypeError('each value has a result'))
}

/** Equal for values that are decrypted alike: the order of the pairs of a context does not matter. */
function identityOf({ ciphertext, context }: EncryptedValueInput): string {
  const pairs = context ? sortedContext(context).map(({ name, value }) => [name, value]) : null
  return JSON.stringify([Buffer.from(ciphertext).toString('base64'), pairs])
}

/** {@link decrypt} for queries. */
function decryptionInGraph(operationName: string | null): Operation<EncryptedValueInput, DecryptOutput> {
  const details = {
    inGraph: true,
    ...(operationName !== null && { operationName: operationName.slice(0, operationNameMax) }),
  }
  return {
    ...decrypt,
    details,
    async run(request, { ciphertext, context }) {
      request.context.details = { ...details, ...detailsOfContext(context) }
      const opened = await openUserCiphertext(request, { ciphertext, context, checkKey: requireInGraph })
      return opened.output
    },
  }
}

/** Throws unless queries may decrypt with the key. Runs once the caller is known to have access. */
function requireInGraph({ row }: CachedKey): void {
  if (!row.decryptableInGraph) throw new NotDecryptableInGraphError()
}

const decryptWithPrivateKey = defineKeyOperation({
  action: 'DECRYPT',
  permission: 'DECRYPT',
  usage: 'ENCRYPT_DECRYPT',
  kinds: ['publicKeyEncryption'],
  version: 'named',
  contextOf: ({ context }: DecryptInput) => context,
  checkInput({ parts, capability }, input: DecryptInput) {
    const { version = null } = input
    requireCiphertextSize(parts, input.ciphertext)
    requireAssociatedData(parts, capability, input)
    requireInput(
      version !== null,
      'version',
      'must be given for an asymmetric key: its ciphertext does not name the version',
    )
  },
  async run(use, { ciphertext, encryptionAlgorithm }) {
    const [standard] = use.capability.encryptionAlgorithms
    const algorithm = encryptionAlgorithm ?? standard
    if (algorithm === undefined) throw new TypeError('the algorithm table names no padding')
    const privateKey = await use.key.secretKey(use.version)
    const work = slowWorkWith(use, 'DECRYPT')
    const plaintext = await use.capability.decrypt(privateKey, ciphertext, algorithm, work).catch((error) => {
      throw error instanceof DecryptionFailedError ? InvalidCiphertextError.forPublicKey() : error
    })
    return { plaintext }
  },
})

/** A ciphertext to open, and the data that was authenticated with it. */
export interface CiphertextToOpen extends AssociatedInput {
  readonly ciphertext: Uint8Array
  /** Prefix of the names of the associated data in the input; none by default. */
  readonly prefix?: string
}

/** An opened ciphertext with the key that opened it. */
export interface OpenedCiphertext {
  readonly key: CachedKey
  readonly output: DecryptOutput
}

/**
 * Opens a ciphertext that describes itself.
 *
 * @param findSource finds the key that the header names, and throws unless the caller may use it
 * @throws InvalidCiphertextError for every ciphertext that does not open, whatever the cause
 */
export async function openCiphertext(
  { parts, context }: OperationRequest,
  input: CiphertextToOpen,
  findSource: (header: CiphertextHeader) => Promise<CachedKey>,
): Promise<OpenedCiphertext> {
  const { ciphertext, prefix } = input
  const parsed = parseCiphertext(ciphertext)
  if (parsed === null) throw invalidCiphertext()
  const key = await findSource(parsed)
  requireCiphertextSize(parts, ciphertext)
  const capability = capabilityOfCiphertext(key, parsed)
  const associatedData = requireAssociatedData(parts, capability, input, prefix)
  const row = await key.version(parsed.version)
  if (row === null) throw invalidCiphertext()
  context.versionNumber = row.number
  const version = versionForUse(parts, key, row)
  const plaintext = capability.open(
    await key.secretKey(version),
    parsed.sealed,
    Buffer.concat([parsed.headerBytes, associatedData ?? noBytes]),
  )
  parts.usage.noteUse({ keyId: key.row.id, versionNumber: version.number })
  return { key, output: { keyId: keyIdOf(key.row), versionNumber: version.number, plaintext } }
}

/** Opens a ciphertext of a user key that the caller may use. */
export function openUserCiphertext(
  request: OperationRequest,
  wanted: CiphertextToOpen & {
    readonly onlyKeyId?: string | null
    /** Further checks. They run once the caller is known to have access. */
    readonly checkKey: (key: CachedKey) => void
  },
): Promise<OpenedCiphertext> {
  const { parts, call } = request
  const { onlyKeyId = null } = wanted
  return openCiphertext(request, wanted, async (header) => {
    if (onlyKeyId !== null && onlyKeyId !== header.keyId) throw invalidCiphertext()
    const key = await parts.keys.get(call.caller.projectId, header.keyId)
    if (key === null || key.row.kind !== 'USER') throw invalidCiphertext()
    requireAccess(request, key.row, {
      permission: 'DECRYPT',
      context: wanted.context,
      notFound: invalidCiphertext,
    })
    wanted.checkKey(key)
    return key
  })
}

function isPublicKeyEncryption(key: CachedKey): boolean {
  return capabilityFor(key, 'ENCRYPT_DECRYPT', ['aead', 'publicKeyEncryption']).kind === 'publicKeyEncryption'
}

/** A header with another algorithm or usage than the key has was not made by this key. */
function capabilityOfCiphertext(key: CachedKey, header: CiphertextHeader): AeadCapability {
  const { row, algorithm } = key
  const capability = row.usage === 'ENCRYPT_DECRYPT' ? algorithm?.capabilities[row.usage] : undefined
  if (capability?.kind !== 'aead' || capability.formatId !== header.formatId) throw invalidCiphertext()
  return capability
}

function requireCiphertextSize({ settings }: Dependencies, ciphertext: Uint8Array): void {
  requireBytesAtMost(settings.itemBytesMax + ciphertextOverheadBytes, 'ciphertext', ciphertext)
}
