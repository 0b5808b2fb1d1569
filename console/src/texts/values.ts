import { useCallback } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import english from './en.json'

const texts = english.values

/** Enumerations of the schema whose values have a text. */
type Enumeration = keyof typeof texts

// Does not compile while a value of the schema has no text.
texts satisfies { readonly [Name in Enumeration]: Readonly<Record<EnumOf<Name> & string, string>> }

/** The values of an enumeration, in their order. */
export const valuesOf = <Name extends Enumeration>(name: Name): readonly EnumOf<Name>[] =>
  Object.keys(texts[name]) as EnumOf<Name>[]

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
