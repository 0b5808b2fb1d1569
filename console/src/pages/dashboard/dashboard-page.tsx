import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function DashboardPage() {
  const t = useTranslations('dashboard')
  return <Page title={t('title')}>{null}</Page>
}
