import { useTranslations } from 'use-intl'
import { type Pair, PairsField } from '../design/pairs-field.tsx'

/** Pairs of an encryption context, as rows of a form. `pairsInput` gives them as the API takes them. */
export function ContextPairs(props: {
  readonly name: string
  readonly label: string
  readonly hint: string
  readonly pairs: readonly Pair[]
  readonly onChange: (pairs: readonly Pair[]) => void
}) {
  const t = useTranslations('contextPairs')
  return (
    <PairsField
      {...props}
      rowLabel={(number) => t('row', { number })}
      addLabel={t('add')}
      max={16}
      nameLength={64}
      valueLength={256}
    />
  )
}
