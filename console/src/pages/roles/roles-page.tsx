import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function RolesPage() {
  const t = useTranslations('roles')
  return <Page title={t('title')}>{null}</Page>
}
