import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'
import { GroupFrame } from './choice-cards.tsx'
import { TextField } from './fields.tsx'

/** A name and a value. */
export interface Pair {
  readonly name: string
  readonly value: string
}

/** Rows of names and values. What the server says about one appears at its field: the names are paths below `name`. */
export function PairsField(props: {
  readonly name: string
  readonly label: string
  readonly hint?: string
  /** Names one row for screen readers, as "Label 2". */
  readonly rowLabel: (number: number) => string
  readonly addLabel: string
  readonly pairs: readonly Pair[]
  readonly onChange: (pairs: readonly Pair[]) => void
  readonly max: number
  readonly nameLength: number
  readonly valueLength: number
}) {
  const t = useTranslations('pairs')
  const { name, pairs, onChange, rowLabel, max } = props
  const change = (at: number, part: Partial<Pair>) =>
    onChange(pairs.map((pair, index) => (index === at ? { ...pair, ...part } : pair)))
  return (
    <GroupFrame name={name} label={props.label} hint={props.hint} className="pairs">
      {pairs.map((pair, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place; it keeps nothing of its own.
        <fieldset className="pair" key={index} aria-label={rowLabel(index + 1)}>
          <TextField
            name={`${name}.${index}.name`}
            label={t('name')}
            value={pair.name}
            required
            maxLength={props.nameLength}
            spellCheck={false}
            onChange={(next) => change(index, { name: next })}
          />
          <TextField
            name={`${name}.${index}.value`}
            label={t('value')}
            value={pair.value}
            maxLength={props.valueLength}
            spellCheck={false}
            onChange={(next) => change(index, { value: next })}
          />
          <Button
            className="icon"
            aria-label={t('remove', { row: rowLabel(index + 1) })}
            onClick={() => onChange(pairs.filter((_, at) => at !== index))}
          >
            ×
          </Button>
        </fieldset>
      ))}
      <div className="buttons">
        <Button disabled={pairs.length >= max} onClick={() => onChange([...pairs, { name: '', value: '' }])}>
          {props.addLabel}
        </Button>
        <span className="quiet">{t('count', { count: pairs.length, max })}</span>
      </div>
    </GroupFrame>
  )
}

/** The pairs as the API takes them: it accepts text in one normal form only. */
export const pairsInput = (pairs: readonly Pair[]): Pair[] =>
  pairs.map(({ name, value }) => ({ name: name.trim().normalize('NFC'), value: value.normalize('NFC') }))
