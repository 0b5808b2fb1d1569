import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Badge } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import type { DashboardData } from './dashboard-query.ts'
import { type Family, families, familyNames, vulnerableFamilies } from './families.ts'

/** How many keys there are of each family of algorithms, the most frequent first. */
export function Algorithms({ data }: { readonly data: DashboardData }) {
  const t = useTranslations('dashboard')
  const { number } = useFormatter()
  const counts = (Object.keys(families) as Family[])
    .map((family) => ({ family, count: data[family]?.total ?? 0 }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count)
  const most = counts[0]?.count ?? 1
  return (
    <Section title={t('algorithms')}>
      <ul className="shares">
        {counts.map(({ family, count }) => (
          <li key={family}>
            <Link href={`/user-keys?${families[family].map((each) => `algorithm=${each}`).join('&')}`}>
              {familyNames[family]}
            </Link>
            <span>
              {vulnerableFamilies.includes(family) && <Badge tone="waiting">{t('quantum')}</Badge>}{' '}
              <strong>{number(count)}</strong>
            </span>
            <span className="share" aria-hidden="true">
              <span style={{ width: `${(100 * count) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
