import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function ActivityPage() {
  const t = useTranslations('activity')
  return <Page title={t('title')}>{null}</Page>
}
