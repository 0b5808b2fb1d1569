import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Section } from '../../design/section.tsx'
import { useValueText } from '../../texts/values.ts'
import type { DashboardData } from './dashboard-query.ts'

/** From this part of the limit of encryptions on, a key is near it. */
const nearLimit = 0.75

/** Keys that somebody should look at today, each with why: no filter of the list finds these. */
export function Attention({ data }: { readonly data: DashboardData }) {
  const t = useTranslations('dashboard')
  const valueText = useValueText()
  const { number } = useFormatter()
  const blocked = (data.mayBeBlocked?.nodes ?? []).flatMap(({ id, name, cannotProtectReason }) =>
    cannotProtectReason
      ? [{ id, name, tab: 'versions', text: valueText('CannotProtectReason', cannotProtectReason) }]
      : [],
  )
  const limited = (data.busiest?.nodes ?? []).flatMap(({ id, name, defaultVersion }) => {
    const share = shareOfLimit(defaultVersion?.encryptionUsage ?? null)
    const text = t('nearLimit', { share: number(share, { style: 'percent', maximumFractionDigits: 0 }) })
    return share < nearLimit ? [] : [{ id, name, tab: 'rotation', text }]
  })
  const keys = [...blocked, ...limited]
  if (keys.length === 0) return null
  return (
    <Section title={t('attention')}>
      <ul className="attention">
        {keys.map(({ id, name, tab, text }) => (
          <li key={`${id} ${tab}`}>
            <Link href={`/user-keys/${id}/${tab}`}>{name}</Link>
            <span>{text}</span>
          </li>
        ))}
      </ul>
      {data.mayBeBlocked?.pageInfo.hasNextPage && <p className="quiet">{t('attentionPart')}</p>}
    </Section>
  )
}

function shareOfLimit(
  usage: { readonly encryptions: number; readonly remainingEncryptions: number } | null,
): number {
  return usage === null ? 0 : usage.encryptions / (usage.encryptions + usage.remainingEncryptions)
}
