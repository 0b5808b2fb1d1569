import { useTranslations } from 'use-intl'
import { Link, useParams } from 'wouter'
import { usePageQuery } from '../../api/live.tsx'
import { CopyText, Facts, Moment } from '../../design/facts.tsx'
import { Loading } from '../../design/loading.tsx'
import { Notice } from '../../design/notice.tsx'
import { Tabs } from '../../design/tabs.tsx'
import { NotFound } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { useValueText } from '../../texts/values.ts'
import { WhyAccess } from './access/why-access.tsx'
import { type DetailKey, userKeyQuery } from './detail-key.ts'
import { KeyActions } from './key-actions.tsx'
import { keyTabs } from './tabs.tsx'

/** One key, in tabs. */
export function UserKeyPage() {
  const t = useTranslations('userKey')
  const { key = '', tab = '' } = useParams()
  const [{ data, fetching }] = usePageQuery({
    query: userKeyQuery,
    variables: { id: decodeURIComponent(key) },
    fresh: true,
  })
  const userKey = data?.userKey
  if (!userKey) {
    return fetching || data === undefined ? (
      <Page title={t('title')}>
        <Loading />
      </Page>
    ) : (
      <NotFound />
    )
  }
  return userKey.viewerCanAccess ? <FullKey userKey={userKey} tab={tab} /> : <RedactedKey userKey={userKey} />
}

function FullKey({ userKey, tab }: { readonly userKey: DetailKey; readonly tab: string }) {
  const t = useTranslations()
  const valueText = useValueText()
  const tabs = keyTabs.filter(({ isFor = () => true }) => isFor(userKey))
  const current = tabs.find(({ path }) => path === tab)
  if (current === undefined) return <NotFound />
  const { content: Content } = current
  const title = `${t(`${current.name}.title`)} · ${userKey.name}`
  return (
    <Page
      title={userKey.name}
      documentTitle={title}
      above={<Link href="/user-keys">{t('nav.userKeys')}</Link>}
      actions={<KeyActions userKey={userKey} />}
    >
      {userKey.canProtect === false && userKey.cannotProtectReason && (
        <Notice tone="waiting">
          {t('userKey.cannotProtect', {
            reason: valueText('CannotProtectReason', userKey.cannotProtectReason),
          })}
        </Notice>
      )}
      <Tabs
        label={userKey.name}
        tabs={tabs.map(({ path, name }) => ({
          href: `/user-keys/${userKey.id}${path && `/${path}`}`,
          title: t(`${name}.title`),
          isCurrent: path === tab,
        }))}
      />
      <Content key={userKey.id} userKey={userKey} />
    </Page>
  )
}

/** What everybody in the project sees of a key. */
function RedactedKey({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations()
  return (
    <Page title={userKey.name} above={<Link href="/user-keys">{t('nav.userKeys')}</Link>}>
      <Notice tone="quiet">
        <strong>{t('noAccess.title')}</strong> {t('noAccess.text')}
      </Notice>
      <Facts
        facts={[
          [t('userKey.id'), <CopyText key="id" text={userKey.partialId} what={t('userKey.id')} />],
          [t('userKey.description'), userKey.description],
          [t('userKey.createdAt'), <Moment key="at" at={userKey.createdAt} />],
          [t('userKey.createdBy'), userKey.createdBy.id],
        ]}
      />
      <WhyAccess userKey={userKey} />
    </Page>
  )
}
