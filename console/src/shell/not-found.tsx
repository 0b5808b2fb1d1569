import { useTranslations } from 'use-intl'
import { LinkButton } from '../design/button.tsx'
import { Empty } from '../design/notice.tsx'
import { Page } from './page.tsx'

/** For an address at which there is nothing, or nothing that the viewer may see. */
export function NotFound() {
  const t = useTranslations('notFound')
  return (
    <Page title={t('title')}>
      <Empty>
        <p>{t('text')}</p>
        <LinkButton href="/user-keys">{t('back')}</LinkButton>
      </Empty>
    </Page>
  )
}

/** For a page that the viewer's permissions do not reach. */
export function NoPermission() {
  const t = useTranslations('noAccess')
  const problem = useTranslations('problem')
  return (
    <Page title={t('page')}>
      <Empty>
        <p>{problem('forbidden')}</p>
      </Empty>
    </Page>
  )
}
