import { textNames } from 'virtual:texts/names'
import { useCallback } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import type english from './en.json'

type Texts = (typeof english)['values']

/** Enumerations of the schema whose values have a text. */
type Enumeration = keyof Texts

// Does not compile while a value of the schema has no text.
type HaveTexts = Texts extends {
  readonly [Name in Enumeration]: Readonly<Record<EnumOf<Name> & string, string>>
}
  ? true
  : never
true satisfies HaveTexts
/** Enumerations whose values the console lists. */
type Listed =
  | 'KeyStatus'
  | 'KeyType'
  | 'KeyUsage'
  | 'KeyOrigin'
  | 'KeyVersionStatus'
  | 'AuditAction'
  | 'AuditOutcome'
  | 'UserKeyOrderField'
// Nor while one of their texts is of no value.
type Strays = { [Name in Listed]: Exclude<keyof Texts[Name], EnumOf<Name>> }[Listed]
true satisfies [Strays] extends [never] ? true : never
const names = textNames['values'] as Readonly<Record<Listed, object>>

/** The values of an enumeration, in the order of their texts. */
export const valuesOf = <Name extends Listed>(name: Name): readonly (EnumOf<Name> & string)[] =>
  Object.keys(names[name]) as (EnumOf<Name> & string)[]

/** True if a text, as from an address, is a value of the enumeration. */
export const isValueOf = <Name extends Listed>(name: Name, text: string): text is EnumOf<Name> & string =>
  (valuesOf(name) as readonly string[]).includes(text)

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
