import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function CreateKeyPage() {
  const t = useTranslations('createKey')
  return <Page title={t('title')}>{null}</Page>
}
