import { useFormatter, useTranslations } from 'use-intl'
import { Badge } from '../design/notice.tsx'
import type { Version } from './version-fields.ts'

/** The part of its limit from which on a version is said to be near it. */
const nearLimit = 0.8

/** How much of its limit of encryptions a version has used, and a warning near it. */
export function EncryptionUsage(props: {
  readonly usage: Version['encryptionUsage']
  readonly number: number
}) {
  const t = useTranslations('versions')
  const { number: format } = useFormatter()
  const { usage, number } = props
  if (usage === null) return <span className="quiet">{t('unlimited')}</span>
  const { encryptions, remainingEncryptions } = usage
  const limit = encryptions + remainingEncryptions
  const used = encryptions / limit
  const percent = format(used, { style: 'percent', maximumFractionDigits: used < 0.1 ? 2 : 0 })
  return (
    <div className="usage">
      <meter
        min={0}
        max={limit}
        low={limit * nearLimit}
        high={limit * nearLimit}
        optimum={0}
        value={encryptions}
        aria-label={t('encryptionsOf', { number })}
        title={t('remaining', { count: remainingEncryptions })}
      />
      <span className="quiet">{percent}</span>
      {used >= nearLimit && (
        <Badge tone={remainingEncryptions > 0 ? 'waiting' : 'bad'}>
          {remainingEncryptions > 0 ? t('nearLimit') : t('atLimit')}
        </Badge>
      )}
    </div>
  )
}
