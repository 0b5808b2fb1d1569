import { useTranslations } from 'use-intl'
import { type Pair, PairsField } from '../design/pairs-field.tsx'

/** Labels of a key, as rows of a form. `pairsInput` gives them as the API takes them. */
export function LabelsEditor(props: {
  /** The path of the labels in the input; the server's messages appear at the rows. */
  readonly name?: string
  readonly labels: readonly Pair[]
  readonly onChange: (labels: readonly Pair[]) => void
}) {
  const t = useTranslations('labels')
  return (
    <PairsField
      name={props.name ?? 'labels'}
      label={t('title')}
      hint={t('hint')}
      rowLabel={(number) => t('row', { number })}
      addLabel={t('add')}
      pairs={props.labels}
      onChange={props.onChange}
      max={50}
      nameLength={63}
      valueLength={256}
    />
  )
}
