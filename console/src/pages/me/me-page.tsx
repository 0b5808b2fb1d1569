import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function MePage() {
  const t = useTranslations('me')
  return <Page title={t('title')}>{null}</Page>
}
