import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'

/** Something that narrows a list, and can be taken away. */
export interface Chip {
  readonly id: string
  readonly text: string
  readonly onRemove: () => void
}

/** What narrows a list at the moment. */
export function Chips(props: {
  readonly label: string
  readonly chips: readonly Chip[]
  readonly clear: string
  readonly onClear: () => void
}) {
  const t = useTranslations('table')
  if (props.chips.length === 0) return null
  return (
    <div className="filter-chips">
      <ul className="conditions" aria-label={props.label}>
        {props.chips.map(({ id, text, onRemove }) => (
          <li key={id}>
            <span>{text}</span>
            <button
              type="button"
              className="button icon"
              aria-label={t('removeFilter', { filter: text })}
              onClick={onRemove}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <Button className="link" onClick={props.onClear}>
        {props.clear}
      </Button>
    </div>
  )
}
