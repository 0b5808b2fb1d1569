import { useTranslations } from 'use-intl'
import { Empty } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import { ActivityList } from '../../../keys/activity/activity-list.tsx'
import type { DetailKey } from '../detail-key.ts'

/** What happened with the key, for those who may read it: its owner, and those with the permission. */
export function ActivityTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('activity')
  return (
    <Section title={t('title')}>
      {userKey.viewerPermissions?.includes('READ_AUDIT') ? (
        <ActivityList keyId={userKey.id} />
      ) : (
        <Empty>
          <p>{t('notReadable')}</p>
        </Empty>
      )}
    </Section>
  )
}
