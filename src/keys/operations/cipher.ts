import { findAlgorithm } from '../../crypto/algorithms.ts'
import type { EncryptionAlgorithm } from '../../crypto/capabilities.ts'
import {
  type AeadCapability,
  DecryptionFailedError,
  type PublicKeyEncryptionCapability,
} from '../../crypto/capabilities.ts'
import { type CiphertextHeader, encodeHeader, parseCiphertext } from '../../crypto/ciphertext-format.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { keyIdOf } from '../reading/make-views.ts'
import { type Attempt, slowWorkOf } from '../requests/audit-context.ts'
import { requirePermissionOn, requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import { EncryptionLimitError, InputValidationError, InvalidCiphertextError } from '../rules/errors.ts'
import { requireInput } from '../rules/input.ts'
import type { BatchOutput, UsedVersion } from './run-operation.ts'
import { type OperationRequest, runBatch, runOperation } from './run-operation.ts'
import {
  capabilityFor,
  defaultVersionForUse,
  findVersion,
  newVersionRemedy,
  versionForUse,
} from './usable-version.ts'

export interface EncryptInput {
  readonly keyId: string
  readonly plaintext: Uint8Array
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
}

/** `keyId` and `version` are required for asymmetric keys, whose ciphertext does not describe itself. */
export interface DecryptInput {
  readonly ciphertext: Uint8Array
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  readonly keyId?: string | null | undefined
  readonly version?: number | null | undefined
  readonly encryptionAlgorithm?: EncryptionAlgorithm | null | undefined
}

export interface ReEncryptInput {
  readonly ciphertext: Uint8Array
  readonly sourceAdditionalAuthenticatedData?: Uint8Array | null | undefined
  /** Null: the key that made the ciphertext. */
  readonly destinationKeyId?: string | null | undefined
  /** Null: the same as of the source. */
  readonly destinationAdditionalAuthenticatedData?: Uint8Array | null | undefined
}

export interface EncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
}

export interface DecryptOutput extends UsedVersion {
  readonly plaintext: Buffer
}

export interface ReEncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
  readonly sourceKeyId: string
  readonly sourceVersion: number
}

/** Bytes by which a ciphertext may exceed its plaintext: header, nonce and tag, or one block of RSA-4096. */
const ciphertextOverheadBytes = 512

const invalidCiphertext = () => new InvalidCiphertextError()

/** Bytes to authenticate with a ciphertext; none is the same as empty. */
type AssociatedData = Uint8Array | null | undefined

const noBytes = new Uint8Array()

/** Encrypts under the default version of a key. */
export function encrypt(parts: DomainParts, call: Call, input: EncryptInput): Promise<EncryptOutput> {
  return runOperation(parts, call, encryption(parts, call), input)
}

/** Encrypts many items, each under its own key. */
export function encryptBatch(
  parts: DomainParts,
  call: Call,
  items: readonly EncryptInput[],
): Promise<BatchOutput<EncryptOutput>> {
  return runBatch(parts, call, encryption(parts, call), {
    items,
    sizeOf: (item) => item.plaintext.length + lengthOf(item.additionalAuthenticatedData),
  })
}

/** Decrypts what `encrypt` made, while its version is ACTIVE. */
export function decrypt(parts: DomainParts, call: Call, input: DecryptInput): Promise<DecryptOutput> {
  return runOperation(parts, call, decryption(parts, call), input)
}

/** Decrypts many items. */
export function decryptBatch(
  parts: DomainParts,
  call: Call,
  items: readonly DecryptInput[],
): Promise<BatchOutput<DecryptOutput>> {
  return runBatch(parts, call, decryption(parts, call), {
    items,
    sizeOf: (item) => item.ciphertext.length + lengthOf(item.additionalAuthenticatedData),
    overheadBytes: ciphertextOverheadBytes,
  })
}

/** Decrypts and encrypts again, without showing the plaintext. */
export function reEncrypt(parts: DomainParts, call: Call, input: ReEncryptInput): Promise<ReEncryptOutput> {
  return runOperation(parts, call, reEncryption(parts, call), input)
}

/** Re-encrypts many items. */
export function reEncryptBatch(
  parts: DomainParts,
  call: Call,
  items: readonly ReEncryptInput[],
): Promise<BatchOutput<ReEncryptOutput>> {
  return runBatch(parts, call, reEncryption(parts, call), {
    items,
    sizeOf: (item) =>
      item.ciphertext.length +
      lengthOf(item.sourceAdditionalAuthenticatedData) +
      lengthOf(item.destinationAdditionalAuthenticatedData),
    overheadBytes: ciphertextOverheadBytes,
  })
}

function encryption(parts: DomainParts, call: Call): OperationRequest<EncryptInput, EncryptOutput> {
  return {
    action: 'ENCRYPT',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const key = await findUserKeyFor(parts, call, input.keyId, { permission: 'USE', attempt })
      return encryptWith(parts, key, attempt, input)
    },
  }
}

function decryption(parts: DomainParts, call: Call): OperationRequest<DecryptInput, DecryptOutput> {
  return {
    action: 'DECRYPT',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const { keyId = null, version = null } = input
      const named =
        keyId === null
          ? null
          : await findUserKeyFor(parts, call, keyId, {
              permission: 'USE',
              attempt,
              notFound: invalidCiphertext,
            })
      if (named !== null && isPublicKeyEncryption(named))
        return decryptWithPrivateKey(parts, named, attempt, input)
      const opened = await openUserCiphertext(parts, call, attempt, {
        ciphertext: input.ciphertext,
        associatedData: input.additionalAuthenticatedData,
        onlyKeyId: named?.row.id ?? null,
        checkInput() {
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
}

function reEncryption(parts: DomainParts, call: Call): OperationRequest<ReEncryptInput, ReEncryptOutput> {
  return {
    action: 'RE_ENCRYPT',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const { destinationKeyId = null, sourceAdditionalAuthenticatedData: sourceData } = input
      // The destination is checked first, so that nothing is decrypted that could not be encrypted again.
      const wanted =
        destinationKeyId === null
          ? null
          : await findUserKeyFor(parts, call, destinationKeyId, { permission: 'USE', attempt })
      const source = await openUserCiphertext(parts, call, attempt, {
        ciphertext: input.ciphertext,
        associatedData: sourceData,
        onlyKeyId: null,
      })
      attempt.details = { sourceKeyId: source.output.keyId, sourceVersion: source.output.version }
      const { plaintext, keyId, version } = source.output
      try {
        const output = await encryptWith(parts, wanted ?? source.key, attempt, {
          plaintext,
          additionalAuthenticatedData: input.destinationAdditionalAuthenticatedData ?? sourceData,
        })
        return { ...output, sourceKeyId: keyId, sourceVersion: version }
      } finally {
        plaintext.fill(0)
      }
    },
  }
}

/** Encrypts under the default version of a key that the caller may use. */
export async function encryptWith(
  parts: DomainParts,
  key: CachedKey,
  attempt: Attempt,
  input: { readonly plaintext: Uint8Array; readonly additionalAuthenticatedData?: AssociatedData },
): Promise<EncryptOutput> {
  attempt.keyId = key.row.id
  attempt.algorithm = key.row.algorithm
  const { plaintext, additionalAuthenticatedData } = input
  const capability = capabilityFor(key, 'ENCRYPT_DECRYPT', ['aead', 'publicKeyEncryption'])
  const { itemBytesMax } = parts.settings
  requireInput(plaintext.length <= itemBytesMax, 'plaintext', `must have at most ${itemBytesMax} bytes`)
  requireAssociatedData(parts, capability, additionalAuthenticatedData)
  const version = await defaultVersionForUse(key, parts.clock.certainNow())
  attempt.versionNumber = version.number
  const used = { keyId: keyIdOf(key.row), version: version.number }
  if (capability.kind === 'publicKeyEncryption') {
    const [algorithm] = capability.encryptionAlgorithms
    if (algorithm === undefined) throw new TypeError('the algorithm table names no padding')
    const bytesMax = capability.plaintextBytesMax(algorithm)
    requireInput(
      plaintext.length <= bytesMax,
      'plaintext',
      `must have at most ${bytesMax} bytes for this key`,
    )
    return { ...used, ciphertext: capability.encrypt(key.publicKey(version), plaintext, algorithm) }
  }
  const { encryptionsMax } = capability
  const place = { keyId: key.row.id, versionNumber: version.number }
  if (encryptionsMax !== null && !(await parts.usage.countEncryption(place, encryptionsMax))) {
    throw new EncryptionLimitError(version.number, newVersionRemedy(key.row))
  }
  const header = headerFor(version, capability.formatId)
  const associatedData = additionalAuthenticatedData
    ? Buffer.concat([header, additionalAuthenticatedData])
    : header
  const sealed = capability.seal(await key.secretKey(version), plaintext, associatedData)
  return { ...used, ciphertext: Buffer.concat([header, sealed]) }
}

/** Checks that a version may make one more encryption, before what is to be encrypted is made. */
export async function requireEncryptionLeft(
  parts: DomainParts,
  { encryptionsMax }: AeadCapability,
  { key, version }: { readonly key: CachedKey; readonly version: KeyVersionRow },
): Promise<void> {
  if (encryptionsMax === null) return
  const place = { keyId: version.keyId, versionNumber: version.number }
  if (await parts.usage.hasEncryptionsLeft(place, encryptionsMax)) return
  throw new EncryptionLimitError(version.number, newVersionRemedy(key.row))
}

/** Headers of ciphertexts by versions in memory, all of whose ciphertexts have the same. */
const headers = new WeakMap<KeyVersionRow, Buffer>()

function headerFor(version: KeyVersionRow, formatId: number): Buffer {
  const known = headers.get(version)
  if (known !== undefined) return known
  const header = encodeHeader({ formatId, keyId: version.keyId, version: version.number })
  headers.set(version, header)
  return header
}

/** A ciphertext to open and what must hold for it. */
export interface CiphertextToOpen {
  readonly ciphertext: Uint8Array
  readonly associatedData: AssociatedData
}

/**
 * Opens self-describing ciphertext.
 *
 * @param findSource the key that the header names, if the caller may use it; throws for all others
 * @throws InvalidCiphertextError for every ciphertext that does not open, whatever the cause
 */
export async function openCiphertext(
  parts: DomainParts,
  attempt: Attempt,
  { ciphertext, associatedData }: CiphertextToOpen,
  findSource: (header: CiphertextHeader) => Promise<CachedKey>,
): Promise<{ key: CachedKey; output: DecryptOutput }> {
  const parsed = parseCiphertext(ciphertext)
  if (parsed === null) throw invalidCiphertext()
  const key = await findSource(parsed)
  requireCiphertextSize(parts, ciphertext)
  const capability = capabilityOfCiphertext(key, parsed)
  requireAssociatedData(parts, capability, associatedData)
  const row = await key.version(parsed.version)
  if (row === null) throw invalidCiphertext()
  attempt.versionNumber = row.number
  const version = versionForUse(key, row, parts.clock.certainNow())
  const plaintext = capability.open(
    await key.secretKey(version),
    parsed.sealed,
    Buffer.concat([parsed.headerBytes, associatedData ?? noBytes]),
  )
  parts.usage.noteUse({ keyId: key.row.id, versionNumber: version.number })
  return { key, output: { keyId: keyIdOf(key.row), version: version.number, plaintext } }
}

function openUserCiphertext(
  parts: DomainParts,
  call: Call,
  attempt: Attempt,
  wanted: CiphertextToOpen & {
    readonly onlyKeyId: string | null
    /** Checks of the input that need no key; run once the caller is known to have access. */
    readonly checkInput?: () => void
  },
): Promise<{ key: CachedKey; output: DecryptOutput }> {
  return openCiphertext(parts, attempt, wanted, async (header) => {
    if (wanted.onlyKeyId !== null && wanted.onlyKeyId !== header.keyId) throw invalidCiphertext()
    const key = await parts.keys.get(call.caller.projectId, header.keyId)
    if (key === null || key.row.kind !== 'USER') throw invalidCiphertext()
    attempt.keyId = key.row.id
    attempt.algorithm = key.row.algorithm
    requirePermissionOn(call, key.row, 'USE', invalidCiphertext)
    wanted.checkInput?.()
    return key
  })
}

async function decryptWithPrivateKey(
  parts: DomainParts,
  key: CachedKey,
  attempt: Attempt,
  input: DecryptInput,
): Promise<DecryptOutput> {
  const capability = capabilityFor(key, 'ENCRYPT_DECRYPT', ['publicKeyEncryption'])
  requireCiphertextSize(parts, input.ciphertext)
  requireAssociatedData(parts, capability, input.additionalAuthenticatedData)
  const [standard] = capability.encryptionAlgorithms
  const algorithm = input.encryptionAlgorithm ?? standard
  if (algorithm === undefined) throw new TypeError('the algorithm table names no padding')
  const { version = null } = input
  if (version === null) {
    throw new InputValidationError([
      {
        path: ['version'],
        message: 'must be given for an asymmetric key: its ciphertext does not name the version',
      },
    ])
  }
  const row = await findVersion(key, version)
  attempt.versionNumber = row.number
  const privateKey = await key.secretKey(versionForUse(key, row, parts.clock.certainNow()))
  const work = slowWorkOf(parts, attempt, { algorithm: key.row.algorithm, operation: 'DECRYPT' })
  const plaintext = await capability.decrypt(privateKey, input.ciphertext, algorithm, work).catch((error) => {
    throw error instanceof DecryptionFailedError ? InvalidCiphertextError.forPublicKey() : error
  })
  return { keyId: keyIdOf(key.row), version, plaintext }
}

function isPublicKeyEncryption(key: CachedKey): boolean {
  return capabilityFor(key, 'ENCRYPT_DECRYPT', ['aead', 'publicKeyEncryption']).kind === 'publicKeyEncryption'
}

/** A header that names another algorithm than the key has, or a key for something else, was not made by this key. */
function capabilityOfCiphertext(key: CachedKey, header: CiphertextHeader): AeadCapability {
  const { usage, algorithm } = key.row
  const capability = usage === 'ENCRYPT_DECRYPT' ? findAlgorithm(algorithm)?.capabilities[usage] : undefined
  if (capability?.kind !== 'aead' || capability.formatId !== header.formatId) throw invalidCiphertext()
  return capability
}

function requireCiphertextSize(parts: DomainParts, ciphertext: Uint8Array): void {
  const bytesMax = parts.settings.itemBytesMax + ciphertextOverheadBytes
  requireInput(ciphertext.length <= bytesMax, 'ciphertext', `must have at most ${bytesMax} bytes`)
}

/** Checks the length of associated data, and that the algorithm can bind it. */
export function requireAssociatedData(
  parts: DomainParts,
  capability: AeadCapability | PublicKeyEncryptionCapability,
  associatedData: AssociatedData,
): void {
  const path = 'additionalAuthenticatedData'
  const { itemBytesMax } = parts.settings
  requireInput(lengthOf(associatedData) <= itemBytesMax, path, `must have at most ${itemBytesMax} bytes`)
  requireInput(
    capability.kind === 'aead' || lengthOf(associatedData) === 0,
    path,
    'cannot be bound to a ciphertext by this algorithm; use a symmetric key, or leave it out',
  )
}

function lengthOf(bytes: AssociatedData): number {
  return bytes?.length ?? 0
}
