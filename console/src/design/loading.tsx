import { useTranslations } from 'use-intl'

/** Says that something is on its way. */
export function Loading() {
  const t = useTranslations('app')
  return (
    <p className="quiet" role="status">
      {t('loading')}
    </p>
  )
}
