import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Badge, type Tone } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import type { DashboardData } from './dashboard-query.ts'
import { families, vulnerableFamilies } from './families.ts'
import { datesAt, days } from './moments.ts'

/** What there is to do about keys: how many, with the list of just these. */
export function ToDo({ data, now }: { readonly data: DashboardData; readonly now: Date }) {
  const t = useTranslations('dashboard')
  const dates = datesAt(now)
  const vulnerable = vulnerableFamilies.reduce((sum, family) => sum + (data[family]?.total ?? 0), 0)
  const algorithms = vulnerableFamilies.flatMap((family) => families[family])
  return (
    <Section title={t('toDo')} actions={<Link href="/upcoming">{t('upcoming')}</Link>}>
      <ul className="counted">
        <Counted
          count={data.overdue?.total}
          tone="bad"
          label={t('overdue')}
          search={{ rotationUntil: dates.yesterday }}
        />
        <Counted
          count={data.rotations?.total}
          tone="waiting"
          label={t('rotations', { days: days.soon })}
          search={{ rotationUntil: dates.soon }}
        />
        <Counted
          count={data.destructions?.total}
          tone="bad"
          label={t('destructions', { days: days.soon })}
          search={{ destructionUntil: dates.soon }}
        />
        <Counted
          count={data.blocked?.total}
          tone="bad"
          label={t('blocked')}
          search={{ status: 'ACTIVE', canProtect: 'no' }}
        />
        <Counted
          count={data.nearLimit?.total}
          tone="bad"
          label={t('nearLimit')}
          hint={t('nearLimitHint')}
          search={{ nearLimit: 'yes' }}
        />
        <Counted
          count={data.neverUsed?.total}
          tone="waiting"
          label={t('neverUsed')}
          search={{ neverUsed: 'yes' }}
        />
        <Counted
          count={data.unused?.total}
          tone="waiting"
          label={t('unused', { days: days.unused })}
          search={{ neverUsed: 'no', unusedSince: dates.unusedSince }}
        />
        <Counted
          count={vulnerable}
          tone="waiting"
          label={t('vulnerable')}
          hint={t('vulnerableHint')}
          search={{ algorithm: algorithms }}
        />
      </ul>
    </Section>
  )
}

function Counted(props: {
  readonly count: number | undefined
  readonly tone: Tone
  readonly label: string
  readonly hint?: string
  readonly search: Readonly<Record<string, string | readonly string[]>>
}) {
  const { number } = useFormatter()
  const { count = 0, label, hint } = props
  const search = new URLSearchParams(
    Object.entries(props.search).flatMap(([name, values]) => [values].flat().map((value) => [name, value])),
  )
  return (
    <li>
      <Badge tone={count === 0 ? 'quiet' : props.tone}>{number(count)}</Badge>
      <span>
        {count === 0 ? label : <Link href={`/user-keys?${search}`}>{label}</Link>}
        {hint !== undefined && count > 0 && <span className="quiet block">{hint}</span>}
      </span>
    </li>
  )
}
