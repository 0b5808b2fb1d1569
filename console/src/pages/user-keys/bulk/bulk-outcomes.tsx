import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { Badge } from '../../../design/notice.tsx'
import type { BulkOutcome } from './bulk-change.ts'

/** How it went with each key, those that were refused first. */
export function BulkOutcomes(props: {
  readonly outcomes: readonly BulkOutcome[]
  readonly onClose: () => void
}) {
  const t = useTranslations('bulk')
  const common = useTranslations('common')
  const refused = props.outcomes.filter(({ refusal }) => refusal !== null)
  const done = props.outcomes.filter(({ refusal }) => refusal === null)
  return (
    <>
      <p role="status">
        {refused.length === 0
          ? t('allDone', { count: done.length })
          : t('someRefused', { done: done.length, refused: refused.length })}
      </p>
      <ul className="outcomes" aria-label={t('outcomes')}>
        {[...refused, ...done].map(({ id, name, refusal }) => (
          <li key={id}>
            <Badge tone={refusal === null ? 'good' : 'bad'}>{t(refusal === null ? 'done' : 'refused')}</Badge>
            <span>
              <strong>{name}</strong>
              {refusal !== null && <span className="block">{refusal}</span>}
            </span>
          </li>
        ))}
      </ul>
      <div className="buttons">
        <Button kind="primary" onClick={props.onClose}>
          {common('close')}
        </Button>
      </div>
    </>
  )
}
