import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Moment } from '../../design/facts.tsx'
import { Badge, Empty } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import { keyAddress } from '../../keys/activity/columns.tsx'
import { outcomeTones } from '../../keys/activity/words.ts'
import { useValueText } from '../../texts/values.ts'
import type { RecentEvent } from './dashboard-query.ts'

/** The newest events of the trail. */
export function RecentActivity({ events }: { readonly events: readonly RecentEvent[] }) {
  const t = useTranslations('dashboard')
  const valueText = useValueText()
  return (
    <Section title={t('recent')} actions={<Link href="/activity">{t('allActivity')}</Link>}>
      {events.length === 0 ? (
        <Empty>
          <p>{t('noActivity')}</p>
        </Empty>
      ) : (
        <ul className="recent">
          {events.map(({ id, occurredAt, action, outcome, actor, keyName, liveKey }) => (
            <li key={id}>
              <span>
                <strong>{valueText('AuditAction', action)}</strong>{' '}
                {liveKey ? <Link href={keyAddress(liveKey)}>{liveKey.name}</Link> : keyName}
              </span>
              <span className="quiet">{actor.id}</span>
              {outcome !== 'SUCCEEDED' && (
                <Badge tone={outcomeTones[outcome]}>{valueText('AuditOutcome', outcome)}</Badge>
              )}
              <span className="quiet when">
                <Moment at={occurredAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
