import { useTranslations } from 'use-intl'
import { Page } from '../../shell/page.tsx'

export function UserKeysPage() {
  const t = useTranslations('userKeys')
  return <Page title={t('title')}>{null}</Page>
}
