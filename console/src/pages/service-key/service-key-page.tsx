import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Link, useParams } from 'wouter'
import { usePageQuery } from '../../api/live.tsx'
import { useViewer, type Viewer } from '../../api/viewer.ts'
import { Loading } from '../../design/loading.tsx'
import { ActionMenu } from '../../design/menu.tsx'
import { Notice } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import { Tabs } from '../../design/tabs.tsx'
import { ActivityList } from '../../keys/activity/activity-list.tsx'
import { KeyStatusBadge } from '../../keys/badges.tsx'
import type { Version } from '../../keys/version-fields.ts'
import { VersionUseDialog } from '../../keys/version-use-dialog.tsx'
import { VersionsTable } from '../../keys/versions-table.tsx'
import { NotFound } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { useValueText } from '../../texts/values.ts'
import { ServiceKeyOverview } from './overview.tsx'
import { type DetailServiceKey, serviceKeyQuery } from './service-key.ts'

/** One service key, in tabs, to look at. */
export function ServiceKeyPage() {
  const t = useTranslations('serviceKey')
  const { key = '', tab = '' } = useParams()
  const viewer = useViewer()
  const [{ data, fetching }] = usePageQuery({
    query: serviceKeyQuery,
    variables: { key: decodeURIComponent(key) },
  })
  const serviceKey = data?.serviceKey
  if (serviceKey && viewer) return <FoundKey serviceKey={serviceKey} tab={tab} viewer={viewer} />
  if (!fetching && data !== undefined && !serviceKey) return <NotFound />
  return (
    <Page title={t('title')}>
      <Loading />
    </Page>
  )
}

function FoundKey(props: {
  readonly serviceKey: DetailServiceKey
  readonly tab: string
  readonly viewer: Viewer
}) {
  const { serviceKey, tab, viewer } = props
  const t = useTranslations()
  const valueText = useValueText()
  const readsActivity = viewer.permissions.includes('READ_AUDIT')
  const tabs = [
    { path: '', title: t('overview.title') },
    { path: 'versions', title: t('versions.title') },
    ...(readsActivity ? [{ path: 'activity', title: t('activity.title') }] : []),
  ]
  const current = tabs.find(({ path }) => path === tab)
  if (current === undefined) return <NotFound />
  const { id, name, status, cannotProtectReason } = serviceKey
  return (
    <Page
      title={name}
      documentTitle={`${current.title} · ${name}`}
      above={<Link href="/service-keys">{t('nav.serviceKeys')}</Link>}
      actions={status && <KeyStatusBadge status={status} />}
    >
      {serviceKey.canProtect === false && cannotProtectReason && (
        <Notice tone="waiting">
          {t('userKey.cannotProtect', { reason: valueText('CannotProtectReason', cannotProtectReason) })}
        </Notice>
      )}
      <Tabs
        label={name}
        tabs={tabs.map(({ path, title }) => ({
          href: `/service-keys/${id}${path && `/${path}`}`,
          title,
          isCurrent: path === tab,
        }))}
      />
      {tab === '' && <ServiceKeyOverview serviceKey={serviceKey} />}
      {tab === 'versions' && <Versions serviceKey={serviceKey} readsActivity={readsActivity} />}
      {tab === 'activity' && (
        <Section title={t('activity.title')}>
          <ActivityList keyId={id} />
        </Section>
      )}
    </Page>
  )
}

function Versions(props: { readonly serviceKey: DetailServiceKey; readonly readsActivity: boolean }) {
  const { serviceKey, readsActivity } = props
  const t = useTranslations('versions')
  const common = useTranslations('common')
  const [shown, setShown] = useState<Version | null>(null)
  return (
    <Section title={t('title')}>
      <VersionsTable
        keyId={serviceKey.id}
        empty={<p>{t('none')}</p>}
        {...(readsActivity && {
          actions: (version) => (
            <ActionMenu
              label={common('more', { name: common('version', { number: version.number }) })}
              actions={[{ label: t('users'), onSelect: () => setShown(version) }]}
            />
          ),
        })}
      />
      {shown && (
        <VersionUseDialog open version={shown} keyName={serviceKey.name} onClose={() => setShown(null)} />
      )}
    </Section>
  )
}
