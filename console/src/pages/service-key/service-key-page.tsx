import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function ServiceKeyPage() {
  const t = useTranslations('serviceKeys')
  return <Page title={t('title')}>{null}</Page>
}
