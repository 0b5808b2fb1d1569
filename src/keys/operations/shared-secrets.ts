import type { DomainParts } from '../parts/parts.ts'
import { keyIdOf } from '../reading/make-views.ts'
import { slowWorkOf } from '../requests/audit-context.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import type { UsedVersion } from './run-operation.ts'
import { type OperationRequest, runOperation } from './run-operation.ts'
import { capabilityFor, defaultVersionForUse, findVersion, versionForUse } from './usable-version.ts'

export interface EncapsulateInput {
  readonly keyId: string
}

export interface DecapsulateInput {
  readonly keyId: string
  readonly version: number
  readonly ciphertext: Uint8Array
}

export interface DeriveSharedSecretInput {
  readonly keyId: string
  readonly version: number
  /** SPKI DER. */
  readonly peerPublicKey: Uint8Array
  readonly context: Uint8Array
  /** Length of the output in bytes, 1 to 1,024. */
  readonly bytes: number
}

export interface SharedSecretOutput extends UsedVersion {
  readonly sharedSecret: Buffer
}

export interface EncapsulateOutput extends SharedSecretOutput {
  readonly ciphertext: Buffer
}

/** Longest output of a key agreement, in bytes. */
export const sharedSecretBytesMax = 1024

/**
 * Longest context of a key agreement, in bytes. OpenSSL's HKDF takes 1,024 bytes of info, where two public keys go in as
 * well; a longer context could not be used by the other side either.
 */
export const contextBytesMax = 512

/** Makes a shared secret for the default version of a key, and the ciphertext that carries it. */
export function encapsulate(
  parts: DomainParts,
  call: Call,
  input: EncapsulateInput,
): Promise<EncapsulateOutput> {
  const request: OperationRequest<EncapsulateInput, EncapsulateOutput> = {
    action: 'ENCAPSULATE',
    authorise: () => requireRoleFor(call, 'USE'),
    async run({ keyId }, attempt) {
      const key = await findUserKeyFor(parts, call, keyId, { permission: 'USE', attempt })
      const capability = capabilityFor(key, 'KEY_ENCAPSULATION', ['keyEncapsulation'])
      const version = await defaultVersionForUse(key, parts.clock.certainNow())
      attempt.versionNumber = version.number
      const work = slowWorkOf(parts, attempt, { algorithm: key.row.algorithm, operation: 'ENCAPSULATE' })
      const made = await capability.encapsulate(key.publicKey(version), work)
      return { keyId: keyIdOf(key.row), version: version.number, ...made }
    },
  }
  return runOperation(parts, call, request, input)
}

/** Reads the shared secret out of a ciphertext, with the version that the caller names. */
export function decapsulate(
  parts: DomainParts,
  call: Call,
  input: DecapsulateInput,
): Promise<SharedSecretOutput> {
  const request: OperationRequest<DecapsulateInput, SharedSecretOutput> = {
    action: 'DECAPSULATE',
    authorise: () => requireRoleFor(call, 'USE'),
    async run({ keyId, version: number, ciphertext }, attempt) {
      const key = await findUserKeyFor(parts, call, keyId, { permission: 'USE', attempt })
      const capability = capabilityFor(key, 'KEY_ENCAPSULATION', ['keyEncapsulation'])
      const row = await findVersion(key, number)
      attempt.versionNumber = row.number
      const privateKey = await key.secretKey(versionForUse(key, row, parts.clock.certainNow()))
      const work = slowWorkOf(parts, attempt, { algorithm: key.row.algorithm, operation: 'DECAPSULATE' })
      const sharedSecret = await capability.decapsulate(privateKey, ciphertext, work)
      return { keyId: keyIdOf(key.row), version: row.number, sharedSecret }
    },
  }
  return runOperation(parts, call, request, input)
}

/** Derives bytes from the secret that a version shares with the owner of another public key. */
export function deriveSharedSecret(
  parts: DomainParts,
  call: Call,
  input: DeriveSharedSecretInput,
): Promise<SharedSecretOutput> {
  const request: OperationRequest<DeriveSharedSecretInput, SharedSecretOutput> = {
    action: 'DERIVE_SHARED_SECRET',
    authorise: () => requireRoleFor(call, 'USE'),
    async run({ keyId, version: number, peerPublicKey, context, bytes }, attempt) {
      const key = await findUserKeyFor(parts, call, keyId, { permission: 'USE', attempt })
      const capability = capabilityFor(key, 'KEY_AGREEMENT', ['keyAgreement'])
      requireInput(context.length <= contextBytesMax, 'context', `must have at most ${contextBytesMax} bytes`)
      requireInput(
        bytes >= 1 && bytes <= sharedSecretBytesMax,
        'bytes',
        `must be a whole number from 1 to ${sharedSecretBytesMax}`,
      )
      const row = await findVersion(key, number)
      attempt.versionNumber = row.number
      const privateKey = await key.secretKey(versionForUse(key, row, parts.clock.certainNow()))
      const work = slowWorkOf(parts, attempt, { algorithm: key.row.algorithm, operation: 'DERIVE' })
      const parameters = { peerPublicKey, context, bytes }
      const sharedSecret = await capability.deriveSharedSecret(privateKey, parameters, work)
      return { keyId: keyIdOf(key.row), version: row.number, sharedSecret }
    },
  }
  return runOperation(parts, call, request, input)
}
