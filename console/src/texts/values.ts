import { useCallback } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import type english from './en.json'

type Texts = (typeof english)['values']

/** Enumerations of the schema whose values have a text. */
type Enumeration = keyof Texts

// These do not compile while a value of the schema has no text, or is not listed.
type HaveTexts = Texts extends {
  readonly [Name in Enumeration]: Readonly<Record<EnumOf<Name> & string, string>>
}
  ? true
  : never
true satisfies HaveTexts
const listed = {
  KeyStatus: ['PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED'],
  KeyType: ['SYMMETRIC', 'ASYMMETRIC'],
  KeyUsage: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'KEY_AGREEMENT', 'GENERATE_VERIFY_MAC', 'KEY_ENCAPSULATION'],
  KeyOrigin: ['KEYSTEAD', 'EXTERNAL'],
  KeyVersionStatus: ['ACTIVE', 'DEACTIVATED', 'DESTROY_SCHEDULED', 'DESTROYED'],
  AuditAction: [
    'CREATE_USER_KEY',
    'UPDATE_USER_KEY',
    'ACTIVATE_USER_KEY',
    'ROTATE_KEY',
    'CONFIGURE_AUTOMATIC_ROTATION',
    'ENABLE_ACCESS_CONTROL',
    'DISABLE_ACCESS_CONTROL',
    'ADD_ALLOWED_SUBJECTS',
    'REMOVE_ALLOWED_SUBJECTS',
    'ACTIVATE_KEY_VERSION',
    'DEACTIVATE_KEY_VERSION',
    'SCHEDULE_KEY_VERSION_DESTRUCTION',
    'DESTROY_KEY_VERSION',
    'RESTORE_KEY_VERSION',
    'DELETE_USER_KEY',
    'TRANSFER_OWNERSHIP',
    'CREATE_ALIAS',
    'REPOINT_ALIAS',
    'DELETE_ALIAS',
    'LABEL_USER_KEY',
    'PUBLISH_JWKS',
    'UNPUBLISH_JWKS',
    'PREPARE_KEY_VERSION',
    'GET_IMPORT_PARAMETERS',
    'IMPORT_KEY_VERSION',
    'PRUNE_AUDIT',
    'ROTATE_ROOT_KEY',
    'RESTORE_BACKUP',
    'CONFIRM_CLOCK',
    'BIND_ROLE',
    'UNBIND_ROLE',
    'CREATE_SERVICE_KEY',
    'GENERATE_RANDOM',
    'ENCRYPT',
    'DECRYPT',
    'RE_ENCRYPT',
    'RE_ENCRYPT_FROM',
    'GENERATE_DATA_KEY',
    'GENERATE_DATA_KEY_PAIR',
    'SIGN',
    'VERIFY',
    'GENERATE_MAC',
    'VERIFY_MAC',
    'ENCAPSULATE',
    'DECAPSULATE',
    'DERIVE_SHARED_SECRET',
    'SERVICE_ENCRYPT',
    'SERVICE_DECRYPT',
    'SERVICE_GENERATE_DATA_KEY',
  ],
  AuditOutcome: ['SUCCEEDED', 'DENIED', 'FAILED'],
  UserKeyOrderField: ['NAME', 'CREATED_AT', 'NEXT_ROTATION', 'LAST_USE'],
} as const satisfies { readonly [Name in Enumeration]?: readonly EnumOf<Name>[] }
type Listed = typeof listed
type Unlisted = { [Name in keyof Listed]: Exclude<EnumOf<Name>, Listed[Name][number]> }[keyof Listed]
true satisfies [Unlisted] extends [never] ? true : never

/** The values of an enumeration, in their order. */
export const valuesOf = <Name extends keyof Listed>(name: Name): Listed[Name] => listed[name]

/** True if a text, as from an address, is a value of the enumeration. */
export const isValueOf = <Name extends keyof Listed>(
  name: Name,
  text: string,
): text is EnumOf<Name> & string => (listed[name] as readonly string[]).includes(text)

/** Gives the text of a value of an enumeration, as `valueText('KeyStatus', status)`. */
export function useValueText() {
  const t = useTranslations('values')
  return useCallback(
    <Name extends Enumeration>(name: Name, value: EnumOf<Name>): string =>
      t(`${name}.${value as string}` as Parameters<typeof t>[0]),
    [t],
  )
}

/** Names of algorithms, which are the same in every language. */
export const algorithmName = (algorithm: EnumOf<'KeyAlgorithm'>): string =>
  algorithm.startsWith('EC_') ? `EC ${algorithm.slice(3).replace('_', '-')}` : algorithm.replaceAll('_', '-')
