import { useFormatter, useTranslations } from 'use-intl'
import { Badge } from '../design/notice.tsx'
import type { Version } from './version-fields.ts'

/** Encryptions of a version with a limit. */
type Encryptions = NonNullable<Version['encryptionUsage']>

/** How much of its limit of encryptions a version has used, and a warning near it. */
export function EncryptionUsage(props: { readonly usage: Encryptions | null; readonly number: number }) {
  const t = useTranslations('versions')
  const { number: format } = useFormatter()
  const { usage, number } = props
  if (usage === null) return <span className="quiet">{t('unlimited')}</span>
  const { encryptions, remainingEncryptions, nearLimit } = usage
  const used = encryptions / (encryptions + remainingEncryptions)
  const percent = format(used, { style: 'percent', maximumFractionDigits: used < 0.1 ? 2 : 0 })
  return (
    <div className="usage">
      <EncryptionMeter
        usage={usage}
        label={t('encryptionsOf', { number })}
        title={t('remaining', { count: remainingEncryptions })}
      />
      <span className="quiet">{percent}</span>
      {nearLimit && (
        <Badge tone={remainingEncryptions > 0 ? 'waiting' : 'bad'}>
          {remainingEncryptions > 0 ? t('nearLimit') : t('atLimit')}
        </Badge>
      )}
    </div>
  )
}

/** How much of the limit is used as a bar, in the colour of a warning near it. */
export function EncryptionMeter(props: {
  readonly usage: Encryptions
  readonly label: string
  readonly title?: string
}) {
  const { encryptions, remainingEncryptions, nearLimit } = props.usage
  const limit = encryptions + remainingEncryptions
  const warningFrom = nearLimit ? 0 : limit
  return (
    <meter
      min={0}
      max={limit}
      low={warningFrom}
      high={warningFrom}
      optimum={0}
      value={encryptions}
      aria-label={props.label}
      title={props.title}
    />
  )
}
