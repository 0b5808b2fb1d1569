import type { ImportedMaterialFault } from '../../crypto/imported-material.ts'
import { KeysteadError } from '../../errors.ts'

/** The states a key can be in, as callers see them. */
export type KeyStatus = 'PRE_ACTIVATION' | 'ACTIVE' | 'DEACTIVATED'

/** Where the material of a key's versions comes from: made by the system, or imported. */
export type KeyOrigin = 'KEYSTEAD' | 'EXTERNAL'

/** The states a key version can be in. */
export type KeyVersionStatus = 'ACTIVE' | 'DEACTIVATED' | 'DESTROY_SCHEDULED' | 'DESTROYED'

/** The caller may not do this, whatever the state of the key. Always a top-level error, never a member of a result union (except per batch item). */
export class ForbiddenError extends KeysteadError {
  readonly code = 'FORBIDDEN'
  constructor(
    message = 'You may not do this. Ask a project administrator for a role that allows it, or the owner of the key for access.',
  ) {
    super(message)
  }
}

/** One thing that is wrong with the input. */
export interface InputIssue {
  /** Path below `input`, e.g. `["automaticRotation", "cycleDays"]`. */
  readonly path: readonly string[]
  /** What is wrong and what is allowed; never the value itself. */
  readonly message: string
}

/** Most issues that one error lists. */
export const inputIssuesMax = 20
/** Most steps of the path of an issue. */
export const issuePathMax = 8

/** The input is well-formed but not acceptable. */
export class InputValidationError extends KeysteadError {
  readonly code = 'INPUT_VALIDATION'
  /** The first of the issues, at most {@link inputIssuesMax}. */
  readonly issues: readonly InputIssue[]
  /** @param count of all issues, where not all of them are given */
  constructor(issues: readonly InputIssue[], count = issues.length) {
    const listed = issues.slice(0, inputIssuesMax)
    const texts = listed.map(({ path, message }) => `${path.join('.')} ${message}`)
    const others = count - listed.length
    if (others > 0) texts.push(`and ${others.toLocaleString('en')} more`)
    super(`The input is not valid: ${texts.join('; ')}.`)
    this.issues = listed
  }
}

/** No such key in the caller's project, or none of this kind. Says nothing about other projects. */
export class KeyNotFoundError extends KeysteadError {
  readonly code = 'KEY_NOT_FOUND'
  constructor() {
    super('There is no such key in your project. Check the ID; userKeys lists the keys that you may see.')
  }
}

/** The key is there, but has no version of this number. */
export class KeyVersionNotFoundError extends KeysteadError {
  readonly code = 'KEY_VERSION_NOT_FOUND'
  readonly version: number
  constructor(version: number) {
    super(`The key has no version ${version}. Its versions are listed in the field "versions".`)
    this.version = version
  }
}

/** Another live key of the project has this name. */
export class NameTakenError extends KeysteadError {
  readonly code = 'NAME_TAKEN'
  readonly takenName: string
  constructor(takenName: string) {
    super('Another key of the project has this name. Choose another name.')
    this.takenName = takenName
  }
}

/** The key or the version is in a state in which this is not possible. */
export class InvalidKeyStateError extends KeysteadError {
  readonly code = 'INVALID_KEY_STATE'
  /** State of the key. */
  readonly keyStatus: KeyStatus
  /** The version that stands in the way, where there is one. */
  readonly version: number | null
  /** Its state. */
  readonly versionStatus: KeyVersionStatus | null
  /** The states of that version (or, without a version, of the key) in which this is possible; none if it never is again. */
  readonly allowed: readonly (KeyStatus | KeyVersionStatus)[]
  constructor(
    message: string,
    facts: {
      keyStatus: KeyStatus
      version?: { number: number; status: KeyVersionStatus } | null
      allowed: readonly (KeyStatus | KeyVersionStatus)[]
    },
  ) {
    super(message)
    this.keyStatus = facts.keyStatus
    this.version = facts.version?.number ?? null
    this.versionStatus = facts.version?.status ?? null
    this.allowed = facts.allowed
  }
}

/** The key is of another usage or algorithm than the operation needs. */
export class InvalidKeyUsageError extends KeysteadError {
  readonly code = 'INVALID_KEY_USAGE'
  readonly usage: string
  readonly algorithm: string
  constructor(message: string, facts: { usage: string; algorithm: string }) {
    super(message)
    this.usage = facts.usage
    this.algorithm = facts.algorithm
  }
}

/** The material of the key comes from elsewhere than the operation needs. */
export class InvalidKeyOriginError extends KeysteadError {
  readonly code = 'INVALID_KEY_ORIGIN'
  /** Where the key's material comes from. */
  readonly origin: KeyOrigin
  constructor(origin: KeyOrigin) {
    super(
      origin === 'EXTERNAL'
        ? 'The material of this key is imported: the system never makes any for it. Call getImportParameters and importKeyVersion for a new version.'
        : 'The material of this key is made by the system, and none can be imported. Create a key with origin EXTERNAL for material of your own.',
    )
    this.origin = origin
  }
}

/** Why import parameters cannot be used. */
export type ImportParametersFault = 'UNKNOWN' | 'EXPIRED' | 'USED'

/** The import parameters are not those of an import that is still open. */
export class InvalidImportParametersError extends KeysteadError {
  readonly code = 'INVALID_IMPORT_PARAMETERS'
  readonly reason: ImportParametersFault
  constructor(reason: ImportParametersFault) {
    const what = {
      UNKNOWN: 'This key has no import parameters of that ID.',
      EXPIRED: 'The import parameters have expired.',
      USED: 'Material was imported with these import parameters already.',
    }
    super(`${what[reason]} Call getImportParameters and wrap the material for the new public key.`)
    this.reason = reason
  }
}

/** Why imported material is refused. */
export type KeyMaterialFault = 'UNWRAPPING_FAILED' | ImportedMaterialFault

/** What was to be imported is not material of the key's algorithm. */
export class InvalidKeyMaterialError extends KeysteadError {
  readonly code = 'INVALID_KEY_MATERIAL'
  readonly reason: KeyMaterialFault
  /** @param what is wrong, without quoting the material */
  constructor(reason: KeyMaterialFault, what: string) {
    super(`The material was not imported: ${what}. The import parameters can still be used.`)
    this.reason = reason
  }
}

/** The key changed since the caller last read it (`expectedRevision`, `expectedDefaultVersion`). */
export class ConflictError extends KeysteadError {
  readonly code = 'CONFLICT'
  readonly currentRevision: number
  readonly currentDefaultVersion: number | null
  constructor(facts: { currentRevision: number; currentDefaultVersion: number | null }) {
    super('The key has changed since you read it. Read it again and repeat the change if it is still needed.')
    this.currentRevision = facts.currentRevision
    this.currentDefaultVersion = facts.currentDefaultVersion
  }
}

/** The caller would lose its own access to the key. */
export class LockoutError extends KeysteadError {
  readonly code = 'LOCKOUT'
  constructor() {
    super(
      'After this change you could no longer see or use the key yourself. Put yourself or one of your groups on the list, or repeat with allowLockout: true.',
    )
  }
}

/** A decryption failed. Each of the two texts stands for every cause that there is. */
export class InvalidCiphertextError extends KeysteadError {
  readonly code = 'INVALID_CIPHERTEXT'
  constructor(
    message = 'The ciphertext could not be decrypted. It may be damaged, made with other additional authenticated data, or not be from a key of your project.',
  ) {
    super(message)
  }

  /** Of a ciphertext for the public key of a version that the caller may use. */
  static forPublicKey(): InvalidCiphertextError {
    return new InvalidCiphertextError(
      'The ciphertext could not be decrypted with this version of the key. It may be damaged, made for another public key, or with another encryptionAlgorithm.',
    )
  }
}

/** The version has made as many encryptions as its algorithm allows under one key. */
export class EncryptionLimitError extends KeysteadError {
  readonly code = 'ENCRYPTION_LIMIT'
  readonly version: number
  /** @param remedy how the key gets another version */
  constructor(version: number, remedy: string) {
    super(
      `Version ${version} has made as many encryptions as are safe under one key of this algorithm. ${remedy}`,
    )
    this.version = version
  }
}

/** The token that a stream was opened with counts no longer. */
export class TokenExpiredError extends KeysteadError {
  readonly code = 'UNAUTHENTICATED'
  constructor() {
    super('The token has expired, which ends the subscription. Subscribe again with a new one.')
  }
}

/** No further stream is opened. */
export class TooManyStreamsError extends KeysteadError {
  readonly code = 'RATE_LIMITED'

  static ofCaller(streamsMax: number): TooManyStreamsError {
    return new TooManyStreamsError(
      streamsMax === 0
        ? 'Subscriptions are switched off on this server. Ask with queries from time to time.'
        : `A caller may have ${streamsMax} subscriptions at once. End others, or follow all keys with userKeysChanged.`,
    )
  }

  static ofServer(): TooManyStreamsError {
    return new TooManyStreamsError('The server has as many subscriptions as it can take. Try again later.')
  }
}

/** The server cannot carry this out now, or cannot say whether it did. */
export class UnavailableError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
  constructor() {
    super(
      'The service cannot do this at the moment. Try again shortly; before you repeat a change, look whether it took effect.',
    )
  }
}
