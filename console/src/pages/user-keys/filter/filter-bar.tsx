import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useAddress } from '../../../design/address.ts'
import { Button } from '../../../design/button.tsx'
import { Choices } from '../../../design/choices.tsx'
import { SearchField } from '../../../design/search-field.tsx'
import { keyAlgorithms } from '../../../keys/algorithms.ts'
import { algorithmName, useValueText, valuesOf } from '../../../texts/values.ts'
import { addressOf, type ListFilter } from './list-filter.ts'
import { MoreFilters } from './more-filters.tsx'

/** Narrows the list: the search, what is asked for most, and a dialog for the rest. */
export function FilterBar({ filter }: { readonly filter: ListFilter }) {
  const t = useTranslations('userKeys')
  const valueText = useValueText()
  const address = useAddress()
  const [isOpen, setOpen] = useState(false)
  const narrow = (changes: Partial<ListFilter>) => address.set(addressOf(changes))
  const types = valuesOf('KeyType').map((value) => ({ value, label: valueText('KeyType', value) }))
  const usages = valuesOf('KeyUsage').map((value) => ({ value, label: valueText('KeyUsage', value) }))
  const algorithms = keyAlgorithms.map((value) => ({ value, label: algorithmName(value) }))
  return (
    <search className="filters">
      <SearchField
        label={t('search')}
        value={filter.search}
        maxLength={256}
        // While somebody types, Back leads to before the search.
        onSearch={(search) => address.set(addressOf({ search }), { replace: filter.search !== '' })}
      />
      <Choices
        label={t('type')}
        groups={[{ options: types }]}
        chosen={filter.type}
        onChange={(type) => narrow({ type })}
        single
      />
      <Choices
        label={t('usage')}
        groups={[{ options: usages }]}
        chosen={filter.usage}
        onChange={(usage) => narrow({ usage })}
        single
      />
      <Choices
        label={t('algorithm')}
        groups={[{ options: algorithms }]}
        chosen={filter.algorithm}
        onChange={(algorithm) => narrow({ algorithm })}
      />
      <Button onClick={() => setOpen(true)}>{t('moreFilters')}</Button>
      <MoreFilters open={isOpen} filter={filter} onClose={() => setOpen(false)} onApply={narrow} />
    </search>
  )
}
