import { useFormatter, useTranslations } from 'use-intl'
import { useAddress } from '../../../design/address.ts'
import { type Chip, Chips } from '../../../design/chips.tsx'
import { algorithmName, useValueText } from '../../../texts/values.ts'
import { addressOf, type ListFilter, noFilter } from './list-filter.ts'

/** What narrows the list, each to take away. The status is shown by the counts. */
export function FilterChips({ filter }: { readonly filter: ListFilter }) {
  const t = useTranslations('userKeys')
  const address = useAddress()
  const texts = useFilterTexts()
  const chips = Object.entries(filter).flatMap(([name, value]): Chip[] => {
    const field = name as keyof ListFilter
    if (Array.isArray(value)) {
      return value.map((each: unknown, index) => ({
        id: `${field} ${texts(field, each)}`,
        text: texts(field, each),
        onRemove: () => address.set(addressOf({ [field]: value.filter((_, at) => at !== index) })),
      }))
    }
    if (value === '') return []
    return [{ id: field, text: texts(field, value), onRemove: () => address.set(addressOf({ [field]: '' })) }]
  })
  return (
    <Chips
      label={t('filters')}
      chips={chips}
      clear={t('clearFilters')}
      onClear={() => address.set(addressOf(noFilter))}
    />
  )
}

/** Says of a filter what it asks for, as "Status: Active". */
function useFilterTexts(): (field: keyof ListFilter, value: unknown) => string {
  const t = useTranslations('userKeys')
  const common = useTranslations('common')
  const valueText = useValueText()
  const { dateTime } = useFormatter()
  const day = (value: unknown) =>
    dateTime(new Date(`${String(value)}T00:00:00Z`), { dateStyle: 'medium', timeZone: 'UTC' })
  const of: { readonly [Field in keyof ListFilter]: (value: never) => string } = {
    search: (text: string) => `“${text}”`,
    status: (value) => `${t('status')}: ${valueText('KeyStatus', value)}`,
    type: (value) => `${t('type')}: ${valueText('KeyType', value)}`,
    usage: (value) => `${t('usage')}: ${valueText('KeyUsage', value)}`,
    algorithm: (value) => `${t('algorithm')}: ${algorithmName(value)}`,
    origin: (value) => `${t('origin')}: ${valueText('KeyOrigin', value)}`,
    version: (value) => `${t('version')}: ${valueText('KeyVersionStatus', value)}`,
    access: (value) => `${t('accessControl')}: ${common(value)}`,
    rotation: (value) => `${t('automaticRotation')}: ${common(value)}`,
    neverUsed: (value) => `${t('neverUsed')}: ${common(value)}`,
    canProtect: (value) => `${t('canProtect')}: ${common(value)}`,
    nearLimit: (value) => `${t('nearLimit')}: ${common(value)}`,
    owner: (value) => `${t('owner')}: ${value}`,
    createdBy: (value) => `${t('createdBy')}: ${value}`,
    label: ({ name, value }: { name: string; value: string }) =>
      `${t('label')}: ${name}${value && ` = ${value}`}`,
    createdFrom: (value) => `${t('createdFrom')}: ${day(value)}`,
    createdUntil: (value) => `${t('createdUntil')}: ${day(value)}`,
    unusedSince: (value) => `${t('unusedSince')}: ${day(value)}`,
    rotationUntil: (value) => `${t('rotationUntil')}: ${day(value)}`,
    destructionUntil: (value) => `${t('destructionUntil')}: ${day(value)}`,
  }
  return (field, value) => of[field](value as never)
}
