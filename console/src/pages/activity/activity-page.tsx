import { useTranslations } from 'use-intl'
import { useViewer } from '../../api/viewer.ts'
import { Loading } from '../../design/loading.tsx'
import { ActivityList } from '../../keys/activity/activity-list.tsx'
import { NoPermission } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'

/** What happened in the project, for those who may read all of it. */
export function ActivityPage() {
  const t = useTranslations('activity')
  const viewer = useViewer()
  if (viewer !== null && !viewer.permissions.includes('READ_AUDIT')) return <NoPermission />
  return <Page title={t('title')}>{viewer === null ? <Loading /> : <ActivityList />}</Page>
}
