import type { KeyUsage } from '../../crypto/capabilities.ts'
import type { ImportedMaterialFault } from '../../crypto/imported-material.ts'
import { KeysteadError } from '../../errors.ts'

/** The states a key can be in, as callers see them. */
export const keyStatuses = ['PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED'] as const

/** One of {@link keyStatuses}. */
export type KeyStatus = (typeof keyStatuses)[number]

/** Where the material of a key's versions comes from: made by the system, or imported. */
export type KeyOrigin = 'KEYSTEAD' | 'EXTERNAL'

/** The states a key version can be in. */
export type KeyVersionStatus = 'ACTIVE' | 'DEACTIVATED' | 'DESTROY_SCHEDULED' | 'DESTROYED'

/** The caller has no permission. Always a top-level error, except for an item of a batch. */
export class ForbiddenError extends KeysteadError {
  readonly code = 'FORBIDDEN'
  constructor(
    message = 'You may not do this. Ask a project administrator for a role that allows it, or the owner of the key for access. The query explainMyAccess says what is missing.',
  ) {
    super(message)
  }
}

/** One issue of the input. */
export interface InputIssue {
  /** Path below `input`, e.g. `["automaticRotation", "cycleDays"]`. */
  readonly path: readonly string[]
  /** Problem and allowed values. Never the value itself. */
  readonly message: string
}

/** Maximum of issues that one error lists. */
export const inputIssuesMax = 20
/** Maximum length of the path of an issue. */
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
    super(
      'There is no such key in your project. Check the ID, name or alias; userKeys lists the keys that you may see.',
    )
  }
}

/** The key is there, but has no version of this number; or no key that the caller sees has a version of this ID. */
export class KeyVersionNotFoundError extends KeysteadError {
  readonly code = 'KEY_VERSION_NOT_FOUND'

  static ofNumber(number: number): KeyVersionNotFoundError {
    return new KeyVersionNotFoundError(
      `The key has no version ${number}. Its versions are listed in the field "versions".`,
    )
  }

  static ofId(): KeyVersionNotFoundError {
    return new KeyVersionNotFoundError(
      'No key that you may see has a version of this ID. Check it, or name the version by key and number.',
    )
  }
}

/** Another live key of the project has this name, or a key has this alias. */
export class NameTakenError extends KeysteadError {
  readonly code = 'NAME_TAKEN'
  readonly takenName: string
  constructor(takenName: string) {
    super('A key of the project has this name or alias. Choose another one.')
    this.takenName = takenName
  }
}

/** Not possible in the state of the key or version. */
export class InvalidKeyStateError extends KeysteadError {
  readonly code = 'INVALID_KEY_STATE'
  /** State of the key. */
  readonly keyStatus: KeyStatus
  /** The version whose state is wrong, if it is a version. */
  readonly version: number | null
  /** Its state. */
  readonly versionStatus: KeyVersionStatus | null
  /** States of that version (or else of the key) in which this is possible. Empty if it never is again. */
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

/** The key has another usage or algorithm than the operation needs. */
export class InvalidKeyUsageError extends KeysteadError {
  readonly code = 'INVALID_KEY_USAGE'
  readonly usage: KeyUsage
  readonly algorithm: string
  constructor(message: string, facts: { usage: KeyUsage; algorithm: string }) {
    super(message)
    this.usage = facts.usage
    this.algorithm = facts.algorithm
  }
}

/** The key has the wrong origin for the operation. */
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

/** Reason why import parameters cannot be used. */
export type ImportParametersFault = 'UNKNOWN' | 'EXPIRED' | 'USED'

/** The import parameters cannot be used (any more). */
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

/** Reason for refusing imported material. */
export type KeyMaterialFault = 'UNWRAPPING_FAILED' | ImportedMaterialFault

/** The imported material does not fit the key's algorithm. */
export class InvalidKeyMaterialError extends KeysteadError {
  readonly code = 'INVALID_KEY_MATERIAL'
  readonly reason: KeyMaterialFault
  /** @param what fault of the material, without quoting it */
  constructor(reason: KeyMaterialFault, what: string) {
    super(`The material was not imported: ${what}. The import parameters can still be used.`)
    this.reason = reason
  }
}

/** The key changed since the caller last read it (`expectedRevision`, `expectedDefaultVersionNumber`). */
export class ConflictError extends KeysteadError {
  readonly code = 'CONFLICT'
  readonly currentRevision: number
  readonly currentDefaultVersionNumber: number | null
  constructor(facts: { currentRevision: number; currentDefaultVersionNumber: number | null }) {
    super('The key has changed since you read it. Read it again and repeat the change if it is still needed.')
    this.currentRevision = facts.currentRevision
    this.currentDefaultVersionNumber = facts.currentDefaultVersionNumber
  }
}

/** The caller would lose its own access to the key, or the project its last administrator. */
export class LockoutError extends KeysteadError {
  readonly code = 'LOCKOUT'

  static ofKey(): LockoutError {
    return new LockoutError(
      'After this change you could no longer see or manage the key yourself. Give yourself or one of your groups an entry on its list, or repeat with allowLockout: true.',
    )
  }

  static ofProject(): LockoutError {
    return new LockoutError(
      'After this change nobody would be bound to PROJECT_ADMIN in the project, or only for a shorter time. Bind somebody else to it first, or repeat with allowLockout: true.',
    )
  }
}

/** A decryption failed. The text does not depend on the cause. */
export class InvalidCiphertextError extends KeysteadError {
  readonly code = 'INVALID_CIPHERTEXT'
  constructor(
    message = 'The ciphertext could not be decrypted. It may be damaged, made with other additional authenticated data, or not be from a key of your project.',
  ) {
    super(message)
  }

  /** For a ciphertext of an asymmetric key that the caller may use. */
  static forPublicKey(): InvalidCiphertextError {
    return new InvalidCiphertextError(
      'The ciphertext could not be decrypted with this version of the key. It may be damaged, made for another public key, or with another encryptionAlgorithm.',
    )
  }
}

/** A query of a federated graph asks for a plaintext, and the key is for the mutation `decrypt` only. */
export class NotDecryptableInGraphError extends KeysteadError {
  readonly code = 'NOT_DECRYPTABLE_IN_GRAPH'
  constructor() {
    super(
      'Queries may not decrypt with this key. Whoever may manage it can set decryptableInGraph with updateUserKey; the mutation decrypt works without.',
    )
  }
}

/** The version has reached the limit of encryptions of its algorithm. */
export class EncryptionLimitError extends KeysteadError {
  readonly code = 'ENCRYPTION_LIMIT'
  readonly version: number
  /** @param remedy sentence that tells how the key gets another version */
  constructor(version: number, remedy: string) {
    super(
      `Version ${version} has made as many encryptions as are safe under one key of this algorithm. ${remedy}`,
    )
    this.version = version
  }
}

/** An error for whose kind the result of an operation has no type. */
export class OtherError extends KeysteadError {
  readonly code = 'OTHER'
  readonly codeText: string
  constructor(codeText: string, message: string) {
    super(message)
    this.codeText = codeText
  }

  static of({ code, message }: KeysteadError): OtherError {
    return new OtherError(code, message)
  }
}

/** Verifiers may not know the next public key of a published key yet. It comes as OtherError. */
export class NextVersionTooNewError extends OtherError {
  /** @param signsFrom when the next version may sign; null if it has yet to be made */
  constructor(signsFrom: Date | null) {
    super(
      'NEXT_VERSION_TOO_NEW',
      `The key is published, and verifiers may not know its next public key yet. Rotate it ${
        signsFrom === null ? 'when jwks.nextSignsFrom has passed' : `after ${signsFrom.toISOString()}`
      }, or repeat with allowUnknownKey: true if verifiers that refuse its tokens for a while are the lesser evil.`,
    )
  }
}

/** The token of a subscription has expired. */
export class TokenExpiredError extends KeysteadError {
  readonly code = 'UNAUTHENTICATED'
  constructor() {
    super('The token has expired, so the subscription ends. Subscribe again with a new token.')
  }
}

/** Too many subscriptions are open. */
export class TooManyStreamsError extends KeysteadError {
  readonly code = 'RATE_LIMITED'

  static ofCaller(streamsMax: number): TooManyStreamsError {
    return new TooManyStreamsError(
      streamsMax === 0
        ? 'Subscriptions are switched off on this server. Poll with queries instead.'
        : `A caller may have ${streamsMax} subscriptions at once. End others, or follow all keys with userKeysChanged.`,
    )
  }

  static ofServer(): TooManyStreamsError {
    return new TooManyStreamsError('The server has reached its limit of subscriptions. Try again later.')
  }
}

/** The server cannot do this now, or does not know whether it was done. */
export class UnavailableError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
  constructor() {
    super(
      'The service cannot do this at the moment. Try again shortly. Check whether a change was applied before you repeat it.',
    )
  }
}
