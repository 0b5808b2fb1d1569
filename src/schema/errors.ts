import { type ErrorCode as ErrorCodeName, KeysteadError } from '../errors.ts'
import {
  ConflictError,
  EncryptionLimitError,
  ForbiddenError,
  type InputIssue,
  InputValidationError,
  InvalidCiphertextError,
  InvalidImportParametersError,
  InvalidKeyMaterialError,
  InvalidKeyOriginError,
  InvalidKeyStateError,
  InvalidKeyUsageError,
  inputIssuesMax,
  issuePathMax,
  KeyNotFoundError,
  KeyVersionNotFoundError,
  LockoutError,
  NameTakenError,
  OtherError,
} from '../keys/rules/errors.ts'
import { builder } from './builder.ts'
import { listOptions } from './list-limits.ts'
import { ErrorCode, KeyAlgorithm, KeyOrigin, KeyStatus, KeyUsage, KeyVersionStatus } from './types/enums.ts'

const UserError = builder.interfaceRef<KeysteadError>('UserError').implement({
  description: 'An error that the caller can act on. The concrete types have more fields.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCode,
      description: 'For programs; never changes.',
      resolve: ({ code }) => code,
    }),
    message: t.string({
      description: 'For people: the problem, and what to do about it. The wording may change.',
      resolve: ({ message }) => message,
    }),
  }),
})

const interfaces = [UserError]

const InputIssueType = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One issue of an input.',
  fields: (t) => ({
    path: t.stringList({
      ...listOptions(issuePathMax, 'Path below `input`: names of fields and positions in lists.'),
      resolve: ({ path }) => [...path],
    }),
    message: t.string({
      description: 'The problem, or the allowed values.',
      resolve: ({ message }) => message,
    }),
  }),
})

builder.objectType(InputValidationError, {
  name: 'InputValidationError',
  description: 'The input is well-formed but not acceptable; nothing was changed.',
  interfaces,
  fields: (t) => ({
    issues: t.field({
      type: [InputIssueType],
      ...listOptions(inputIssuesMax, 'The issues. If there are more, the message tells how many.'),
      resolve: ({ issues }) => [...issues],
    }),
  }),
})

builder.objectType(KeyNotFoundError, {
  name: 'KeyNotFoundError',
  description:
    'The project of the caller has no such key. An ID of another project, or of another kind, answers the same.',
  interfaces,
})

builder.objectType(KeyVersionNotFoundError, {
  name: 'KeyVersionNotFoundError',
  description:
    'The key has no version of this number, or no key that the caller sees in full has a version of this ID.',
  interfaces,
})

builder.objectType(NameTakenError, {
  name: 'NameTakenError',
  description: 'A live key of the project has this name or alias.',
  interfaces,
  fields: (t) => ({
    name: t.string({
      description: 'The name or alias that is taken.',
      resolve: ({ takenName }) => takenName,
    }),
  }),
})

const AllowedState = builder.enumType('AllowedState', {
  description: 'A state of a key or of a version.',
  values: {
    PRE_ACTIVATION: { description: 'Of a key: no version yet.' },
    ACTIVE: { description: 'Of a key or version: in use.' },
    DEACTIVATED: { description: 'Of a key or version: stopped.' },
    DESTROY_SCHEDULED: { description: 'Of a version: waiting to be destroyed.' },
    DESTROYED: { description: 'Of a version: gone.' },
  } as const,
})

builder.objectType(InvalidKeyStateError, {
  name: 'InvalidKeyStateError',
  description: 'Not possible in the current state of the key or version.',
  interfaces,
  fields: (t) => ({
    keyStatus: t.field({
      type: KeyStatus,
      description: 'State of the key.',
      resolve: ({ keyStatus }) => keyStatus,
    }),
    refusedVersionNumber: t.int({
      nullable: true,
      description: 'Number of the version whose state is wrong, if it is a version.',
      resolve: ({ version }) => version,
    }),
    versionStatus: t.field({
      type: KeyVersionStatus,
      nullable: true,
      description: 'Its state.',
      resolve: ({ versionStatus }) => versionStatus,
    }),
    allowed: t.field({
      type: [AllowedState],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'States of that version (or, without a version, of the key) in which it is possible. Empty if the version is DESTROYED and it never will be.',
      ),
      resolve: ({ allowed }) => [...allowed],
    }),
  }),
})

builder.objectType(InvalidKeyUsageError, {
  name: 'InvalidKeyUsageError',
  description: 'The key has another usage or algorithm than the operation needs.',
  interfaces,
  fields: (t) => ({
    usage: t.field({ type: KeyUsage, description: 'Usage of the key.', resolve: ({ usage }) => usage }),
    algorithm: t.field({
      type: KeyAlgorithm,
      description: 'Algorithm of the key.',
      resolve: ({ algorithm }) => algorithm as typeof KeyAlgorithm.$inferType,
    }),
  }),
})

builder.objectType(InvalidKeyOriginError, {
  name: 'InvalidKeyOriginError',
  description:
    'The origin of the key does not fit the operation: the system generates no material for keys of origin EXTERNAL, and material can be imported only into those.',
  interfaces,
  fields: (t) => ({
    origin: t.field({ type: KeyOrigin, description: 'Origin of the key.', resolve: ({ origin }) => origin }),
  }),
})

const ImportParametersFault = builder.enumType('ImportParametersFault', {
  description: 'Why import parameters cannot be used.',
  values: {
    UNKNOWN: {
      description:
        'The key has no import parameters with this ID. Parameters of another key get the same answer.',
    },
    EXPIRED: { description: 'More than 24 hours have passed.' },
    USED: { description: 'A version was imported with them.' },
  } as const,
})

builder.objectType(InvalidImportParametersError, {
  name: 'InvalidImportParametersError',
  description: 'The import parameters cannot be used; nothing was imported.',
  interfaces,
  fields: (t) => ({
    importParametersFault: t.field({
      type: ImportParametersFault,
      description: 'Why they cannot be used.',
      resolve: ({ reason }) => reason,
    }),
  }),
})

const KeyMaterialFault = builder.enumType('KeyMaterialFault', {
  description: 'Why material is refused.',
  values: {
    UNWRAPPING_FAILED: {
      description: 'Wrapped for another public key, wrapped in another way, or damaged in transit.',
    },
    NOT_A_KEY: {
      description:
        'Not one unencrypted private key in PKCS#8 DER; the message says how to convert other forms.',
    },
    OTHER_ALGORITHM: { description: 'A private key of another type, size or curve than the key.' },
    WRONG_SIZE: { description: 'A symmetric key of another size.' },
    INCONSISTENT: { description: 'Parts of the private key do not fit together, or are out of range.' },
  } as const,
})

builder.objectType(InvalidKeyMaterialError, {
  name: 'InvalidKeyMaterialError',
  description:
    'The material does not fit the key. Nothing was imported, and the parameters can still be used.',
  interfaces,
  fields: (t) => ({
    keyMaterialFault: t.field({
      type: KeyMaterialFault,
      description: 'Why it is refused.',
      resolve: ({ reason }) => reason,
    }),
  }),
})

builder.objectType(ConflictError, {
  name: 'ConflictError',
  description:
    'The key has changed since the caller read it (`expectedRevision`, `expectedDefaultVersionNumber`). Nothing was changed.',
  interfaces,
  fields: (t) => ({
    currentRevision: t.int({
      description: 'Current revision of the key.',
      resolve: ({ currentRevision }) => currentRevision,
    }),
    currentDefaultVersionNumber: t.int({
      nullable: true,
      description: 'Number of its current default version; null if it has none.',
      resolve: ({ currentDefaultVersionNumber }) => currentDefaultVersionNumber,
    }),
  }),
})

builder.objectType(LockoutError, {
  name: 'LockoutError',
  description:
    'After this change the caller could no longer see the key, or nobody would be bound to PROJECT_ADMIN in the project, or only for a shorter time. Repeat with `allowLockout: true` if this is intended.',
  interfaces,
})

builder.objectType(InvalidCiphertextError, {
  name: 'InvalidCiphertextError',
  description:
    'The same answer for each failed decryption, whatever the cause: damaged bytes, other additional authenticated data, another public key, an unknown key.',
  interfaces,
})

builder.objectType(EncryptionLimitError, {
  name: 'EncryptionLimitError',
  description:
    'The default version has made 2^32 encryptions, the most that are safe with random 96-bit nonces (NIST SP 800-38D §8.3). Rotate the key; it still decrypts.',
  interfaces,
  fields: (t) => ({
    versionNumber: t.int({ description: 'Number of the version.', resolve: ({ version }) => version }),
  }),
})

builder.objectType(ForbiddenError, {
  name: 'ForbiddenError',
  description:
    'The caller may not do this: its roles do not allow it, or the access control of the key. `explainMyAccess` says why. In queries and subscriptions FORBIDDEN is a top-level error.',
  interfaces,
})

builder.objectType(OtherError, {
  name: 'OtherError',
  description:
    'Any further error that the caller can act on. Kinds of errors that later releases add come as this type first, so that clients whose types were generated before still read the answer.',
  interfaces,
  fields: (t) => ({
    codeText: t.string({
      description: 'Code of the error, which may be none of ErrorCode.',
      resolve: ({ codeText }) => codeText,
    }),
  }),
})

/** Class of an error that has a type in the schema. */
export type ErrorClass = abstract new (...args: never[]) => KeysteadError

/** The error types of a mutation, or of an item of a batch: its own, and those that all of them have. */
export function resultErrors(own: readonly ErrorClass[]): ErrorClass[] {
  return [...own, ForbiddenError, OtherError]
}

/** Codes of errors that are top-level errors everywhere: the caller can do nothing about the operation itself. */
const topLevelCodes: readonly ErrorCodeName[] = [
  'UNAUTHENTICATED',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
]

/** An error as a result of a mutation: one whose type is not among its results comes as OtherError. */
export function asResultError(error: unknown, own: readonly ErrorClass[]): unknown {
  if (!(error instanceof KeysteadError) || topLevelCodes.includes(error.code)) return error
  return resultErrors(own).some((type) => error instanceof type) ? error : OtherError.of(error)
}

/** Errors that every change of a key can meet. */
export const changeErrors = [InputValidationError, KeyNotFoundError, ConflictError] as const

/** Errors that every change of a version can meet. */
export const versionChangeErrors = [...changeErrors, KeyVersionNotFoundError, InvalidKeyStateError] as const

/** Errors of symmetric encryption, beyond those of other operations that protect new data. */
export const encryptErrors = [
  InputValidationError,
  KeyNotFoundError,
  InvalidKeyStateError,
  InvalidKeyUsageError,
  EncryptionLimitError,
] as const

/** Errors of operations that protect new data. */
export const protectErrors = [
  InputValidationError,
  KeyNotFoundError,
  InvalidKeyStateError,
  InvalidKeyUsageError,
] as const

/** Errors of operations that open what was protected. */
export const openErrors = [
  InputValidationError,
  InvalidCiphertextError,
  KeyVersionNotFoundError,
  InvalidKeyStateError,
  InvalidKeyUsageError,
] as const

/** Errors of re-encryption, which opens and protects. */
export const reEncryptErrors = [
  InputValidationError,
  KeyNotFoundError,
  InvalidCiphertextError,
  InvalidKeyStateError,
  InvalidKeyUsageError,
  EncryptionLimitError,
] as const

/** Errors of verification. */
export const verifyErrors = [...protectErrors, KeyVersionNotFoundError] as const

/** Errors of operations that protect with a service key. */
export const serviceProtectErrors = [
  InputValidationError,
  InvalidKeyStateError,
  EncryptionLimitError,
] as const

/** Errors of operations that open what a service key protected. */
export const serviceOpenErrors = [InputValidationError, InvalidCiphertextError, InvalidKeyStateError] as const
