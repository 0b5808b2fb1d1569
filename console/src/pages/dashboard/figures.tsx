import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { useValueText } from '../../texts/values.ts'
import type { DashboardData } from './dashboard-query.ts'

/** How many keys there are, by their status. */
export function KeyFigures({ data }: { readonly data: DashboardData }) {
  const t = useTranslations('dashboard')
  const valueText = useValueText()
  const { all, serviceKeys } = data
  if (all === null) return null
  return (
    <div className="figures">
      <Figure href="/user-keys" count={all.total} label={t('userKeys')} />
      {all.byStatus.map(({ status, count }) => (
        <Figure
          key={status}
          href={`/user-keys?status=${status}`}
          count={count}
          label={valueText('KeyStatus', status)}
        />
      ))}
      {/* No filter finds these alone: that would say more about them than that they exist. */}
      {all.redacted > 0 && <Figure count={all.redacted} label={t('redacted')} />}
      {serviceKeys && <Figure href="/service-keys" count={serviceKeys.totalCount} label={t('serviceKeys')} />}
    </div>
  )
}

function Figure(props: { readonly href?: string; readonly count: number; readonly label: string }) {
  const { number } = useFormatter()
  const content = (
    <>
      <strong>{number(props.count)}</strong>
      <span className="quiet">{props.label}</span>
    </>
  )
  return props.href === undefined ? (
    <div className="figure">{content}</div>
  ) : (
    <Link className="figure" href={props.href}>
      {content}
    </Link>
  )
}
