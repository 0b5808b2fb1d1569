import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { usePageQuery } from '../../api/live.tsx'
import { useViewer } from '../../api/viewer.ts'
import { LinkButton } from '../../design/button.tsx'
import { Loading } from '../../design/loading.tsx'
import { Empty } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import { totalsOf } from '../../keys/usage/series.ts'
import { UsageChart } from '../../keys/usage/usage-chart.tsx'
import { NoPermission } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { Algorithms } from './algorithms.tsx'
import { type DashboardData, dashboardQuery } from './dashboard-query.ts'
import { families } from './families.ts'
import { KeyFigures } from './figures.tsx'
import { days, momentsAt } from './moments.ts'
import { RecentActivity } from './recent-activity.tsx'
import { ToDo } from './to-do.tsx'
import { Welcome } from './welcome.tsx'

/** How the keys of the project are, at a glance. What the viewer may not ask for is left out. */
export function DashboardPage() {
  const t = useTranslations('dashboard')
  const viewer = useViewer()
  const [now] = useState(() => new Date())
  const [variables] = useState(() => ({ ...momentsAt(now), ...families }))
  const mayView = viewer?.permissions.includes('VIEW') ?? false
  const withTrail = viewer?.permissions.includes('READ_AUDIT') ?? false
  const [{ data, fetching }] = usePageQuery({
    query: dashboardQuery,
    variables: { ...variables, withTrail },
    pause: !mayView,
  })
  if (viewer !== null && !mayView) return <NoPermission />
  const counts = data?.all
  return (
    <Page
      title={t('title')}
      actions={
        viewer?.permissions.includes('CREATE') &&
        counts &&
        counts.total > 0 && (
          <LinkButton kind="primary" href="/user-keys/new">
            {t('create')}
          </LinkButton>
        )
      }
    >
      {!data && (viewer === null || fetching) && <Loading />}
      {counts && counts.total === 0 && <Welcome viewer={viewer} />}
      {data && counts && counts.total > 0 && (
        <>
          <KeyFigures data={data} />
          <div className="columns">
            <ToDo data={data} now={now} />
            <Algorithms data={data} />
          </div>
        </>
      )}
      {data?.usageSeries && <Operations usage={data.usageSeries} />}
      {data?.auditEvents && <RecentActivity events={data.auditEvents.nodes} />}
    </Page>
  )
}

function Operations({ usage }: { readonly usage: NonNullable<DashboardData['usageSeries']> }) {
  const t = useTranslations('dashboard')
  const { succeeded, denied, failed } = totalsOf(usage)
  return (
    <Section
      title={t('operations', { days: days.chart })}
      actions={<Link href="/activity?period=month">{t('allActivity')}</Link>}
    >
      {succeeded + denied + failed === 0 ? (
        <Empty>
          <p>{t('noOperations', { days: days.chart })}</p>
        </Empty>
      ) : (
        <UsageChart usage={usage} />
      )}
    </Section>
  )
}
