// What the package offers, and nothing else.
export { EncryptionSchemaError, UnreadableValueError, UnsupportedQueryError } from './errors.ts'
export { type EncryptionParts, type FieldEncryptionOptions, fieldEncryption } from './extension.ts'
export type { EncryptedFields } from './fields/encrypted-fields.ts'
export type { Keystead } from './fields/keystead.ts'
