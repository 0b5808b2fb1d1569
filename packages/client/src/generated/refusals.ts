// Made from the schema by `npm run print`; do not edit.
import { KeysteadError, type KeysteadErrorOptions, type Refusal } from '../errors.ts'
import type { AllowedState, ImportParametersFault, InputIssue, KeyAlgorithm, KeyMaterialFault, KeyOrigin, KeyStatus, KeyUsage, KeyVersionStatus } from './types.ts'

/** The input is well-formed but not acceptable; nothing was changed. */
export class InputValidationError extends KeysteadError {
  override readonly name = 'InputValidationError'
  declare readonly code: 'INPUT_VALIDATION'
  /** The issues. If there are more, the message tells how many. At most 20 entries. */
  readonly issues: readonly InputIssue[]

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.issues = (refusal['issues'] ?? []) as InputValidationError['issues']
  }
}

/** The project of the caller has no such key. An ID of another project, or of another kind, answers the same. */
export class KeyNotFoundError extends KeysteadError {
  override readonly name = 'KeyNotFoundError'
  declare readonly code: 'KEY_NOT_FOUND'
}

/** The key has no version of this number, or no key that the caller sees in full has a version of this ID. */
export class KeyVersionNotFoundError extends KeysteadError {
  override readonly name = 'KeyVersionNotFoundError'
  declare readonly code: 'KEY_VERSION_NOT_FOUND'
}

/** A live key of the project has this name or alias. */
export class NameTakenError extends KeysteadError {
  override readonly name = 'NameTakenError'
  declare readonly code: 'NAME_TAKEN'
  /** The name or alias that is taken. */
  readonly takenName: string | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.takenName = (refusal['name'] ?? null) as NameTakenError['takenName']
  }
}

/** Not possible in the current state of the key or version. */
export class InvalidKeyStateError extends KeysteadError {
  override readonly name = 'InvalidKeyStateError'
  declare readonly code: 'INVALID_KEY_STATE'
  /** State of the key. */
  readonly keyStatus: KeyStatus | null
  /** Number of the version whose state is wrong, if it is a version. */
  readonly refusedVersionNumber: number | null
  /** Its state. */
  readonly versionStatus: KeyVersionStatus | null
  /** States of that version (or, without a version, of the key) in which it is possible. Empty if the version is DESTROYED and it never will be. At most as many entries as the enum has values. */
  readonly allowed: readonly AllowedState[]

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.keyStatus = (refusal['keyStatus'] ?? null) as InvalidKeyStateError['keyStatus']
    this.refusedVersionNumber = (refusal['refusedVersionNumber'] ?? null) as InvalidKeyStateError['refusedVersionNumber']
    this.versionStatus = (refusal['versionStatus'] ?? null) as InvalidKeyStateError['versionStatus']
    this.allowed = (refusal['allowed'] ?? []) as InvalidKeyStateError['allowed']
  }
}

/** The key has another usage or algorithm than the operation needs. */
export class InvalidKeyUsageError extends KeysteadError {
  override readonly name = 'InvalidKeyUsageError'
  declare readonly code: 'INVALID_KEY_USAGE'
  /** Usage of the key. */
  readonly usage: KeyUsage | null
  /** Algorithm of the key. */
  readonly algorithm: KeyAlgorithm | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.usage = (refusal['usage'] ?? null) as InvalidKeyUsageError['usage']
    this.algorithm = (refusal['algorithm'] ?? null) as InvalidKeyUsageError['algorithm']
  }
}

/** The origin of the key does not fit the operation: the system generates no material for keys of origin EXTERNAL, and material can be imported only into those. */
export class InvalidKeyOriginError extends KeysteadError {
  override readonly name = 'InvalidKeyOriginError'
  declare readonly code: 'INVALID_KEY_ORIGIN'
  /** Origin of the key. */
  readonly origin: KeyOrigin | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.origin = (refusal['origin'] ?? null) as InvalidKeyOriginError['origin']
  }
}

/** The import parameters cannot be used; nothing was imported. */
export class InvalidImportParametersError extends KeysteadError {
  override readonly name = 'InvalidImportParametersError'
  declare readonly code: 'INVALID_IMPORT_PARAMETERS'
  /** Why they cannot be used. */
  readonly importParametersFault: ImportParametersFault | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.importParametersFault = (refusal['importParametersFault'] ?? null) as InvalidImportParametersError['importParametersFault']
  }
}

/** The material does not fit the key. Nothing was imported, and the parameters can still be used. */
export class InvalidKeyMaterialError extends KeysteadError {
  override readonly name = 'InvalidKeyMaterialError'
  declare readonly code: 'INVALID_KEY_MATERIAL'
  /** Why it is refused. */
  readonly keyMaterialFault: KeyMaterialFault | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.keyMaterialFault = (refusal['keyMaterialFault'] ?? null) as InvalidKeyMaterialError['keyMaterialFault']
  }
}

/** The key has changed since the caller read it (`expectedRevision`, `expectedDefaultVersionNumber`). Nothing was changed. */
export class ConflictError extends KeysteadError {
  override readonly name = 'ConflictError'
  declare readonly code: 'CONFLICT'
  /** Current revision of the key. */
  readonly currentRevision: number | null
  /** Number of its current default version; null if it has none. */
  readonly currentDefaultVersionNumber: number | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.currentRevision = (refusal['currentRevision'] ?? null) as ConflictError['currentRevision']
    this.currentDefaultVersionNumber = (refusal['currentDefaultVersionNumber'] ?? null) as ConflictError['currentDefaultVersionNumber']
  }
}

/** After this change the caller could no longer see the key, or nobody would be bound to PROJECT_ADMIN in the project, or only for a shorter time. Repeat with `allowLockout: true` if this is intended. */
export class LockoutError extends KeysteadError {
  override readonly name = 'LockoutError'
  declare readonly code: 'LOCKOUT'
}

/** The same answer for each failed decryption, whatever the cause: damaged bytes, other additional authenticated data, another public key, an unknown key. */
export class InvalidCiphertextError extends KeysteadError {
  override readonly name = 'InvalidCiphertextError'
  declare readonly code: 'INVALID_CIPHERTEXT'
}

/** The default version has made 2^32 encryptions, the most that are safe with random 96-bit nonces (NIST SP 800-38D §8.3). Rotate the key; it still decrypts. */
export class EncryptionLimitError extends KeysteadError {
  override readonly name = 'EncryptionLimitError'
  declare readonly code: 'ENCRYPTION_LIMIT'
  /** Number of the version. */
  readonly versionNumber: number | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.versionNumber = (refusal['versionNumber'] ?? null) as EncryptionLimitError['versionNumber']
  }
}

/** The caller may not do this: its roles do not allow it, or the access control of the key. `explainMyAccess` says why. In queries and subscriptions FORBIDDEN is a top-level error. */
export class ForbiddenError extends KeysteadError {
  override readonly name = 'ForbiddenError'
  declare readonly code: 'FORBIDDEN'
}

/** Any further error that the caller can act on. Kinds of errors that later releases add come as this type first, so that clients whose types were generated before still read the answer. */
export class OtherError extends KeysteadError {
  override readonly name = 'OtherError'
  declare readonly code: 'OTHER'
  /** Code of the error, which may be none of ErrorCode. */
  readonly codeText: string | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.codeText = (refusal['codeText'] ?? null) as OtherError['codeText']
  }
}

/** Errors of `UserError` types, by the code that each has. */
export const refusalClasses = {
  INPUT_VALIDATION: InputValidationError,
  KEY_NOT_FOUND: KeyNotFoundError,
  KEY_VERSION_NOT_FOUND: KeyVersionNotFoundError,
  NAME_TAKEN: NameTakenError,
  INVALID_KEY_STATE: InvalidKeyStateError,
  INVALID_KEY_USAGE: InvalidKeyUsageError,
  INVALID_KEY_ORIGIN: InvalidKeyOriginError,
  INVALID_IMPORT_PARAMETERS: InvalidImportParametersError,
  INVALID_KEY_MATERIAL: InvalidKeyMaterialError,
  CONFLICT: ConflictError,
  LOCKOUT: LockoutError,
  INVALID_CIPHERTEXT: InvalidCiphertextError,
  ENCRYPTION_LIMIT: EncryptionLimitError,
  FORBIDDEN: ForbiddenError,
  OTHER: OtherError,
} as const

/** A refusal that the caller can act on. `code` tells them apart. */
export type AnyRefusal = InstanceType<(typeof refusalClasses)[keyof typeof refusalClasses]>
