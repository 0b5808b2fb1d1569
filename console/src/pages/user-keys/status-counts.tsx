import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { useAddress } from '../../design/address.ts'
import { Lock } from '../../keys/badges.tsx'
import { useValueText, valuesOf } from '../../texts/values.ts'
import { addressOf, type ListFilter } from './filter/list-filter.ts'
import type { KeyCounts } from './listed-key.ts'

/** How many keys are in each state, as links that narrow the list. The numbers come when they are known. */
export function StatusCounts(props: {
  readonly filter: ListFilter
  /** With all filters but the state. */
  readonly counts: KeyCounts | null
}) {
  const { filter, counts } = props
  const t = useTranslations('userKeys')
  const valueText = useValueText()
  const { number } = useFormatter()
  const address = useAddress()
  const [only, ...others] = filter.status
  const current = others.length === 0 ? (only ?? 'ALL') : null
  const entries = [
    { id: 'ALL', text: t('all'), status: [], count: counts?.total },
    ...valuesOf('KeyStatus').map((status) => ({
      id: status,
      text: valueText('KeyStatus', status),
      status: [status],
      count: counts?.byStatus.find((each) => each.status === status)?.count,
    })),
  ]
  return (
    <nav className="counts" aria-label={t('counts')}>
      {entries.map(({ id, text, status, count }) => (
        <Link
          key={id}
          href={address.link(addressOf({ status }))}
          aria-current={id === current ? 'true' : undefined}
        >
          {text} <strong>{count === undefined ? '' : number(count)}</strong>
        </Link>
      ))}
      {counts !== null && counts.redacted > 0 && (
        <span className="quiet" title={t('redactedHint')}>
          <Lock /> {t('redacted', { count: counts.redacted })}
        </span>
      )}
    </nav>
  )
}
