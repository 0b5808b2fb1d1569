import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { usePageQuery } from '../../../api/live.tsx'
import { Loading } from '../../../design/loading.tsx'
import { Notice } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { Callers } from './callers.tsx'
import { usePeriod } from './period.ts'
import { versionsInUseQuery } from './use-query.ts'
import { UseSection } from './use-section.tsx'
import { VersionsInUse } from './versions-in-use.tsx'

/** How much a key is used, when, and by whom. Those who may not read the trail see when each version was used last. */
export function UseTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('use')
  const period = usePeriod()
  const mayReadAudit = userKey.viewerPermissions?.includes('READ_AUDIT') ?? false
  const variables = useMemo(
    () => ({ key: userKey.id, days: period.days, withCallers: mayReadAudit }),
    [userKey.id, period.days, mayReadAudit],
  )
  const [{ data, fetching }] = usePageQuery({ query: versionsInUseQuery, variables })
  const versions = data?.userKey?.versions
  return (
    <>
      {mayReadAudit ? (
        <UseSection keyId={userKey.id} period={period} versions={versions?.nodes ?? []} />
      ) : (
        <Notice tone="quiet">{t('notReadable')}</Notice>
      )}
      {!versions && fetching && <Loading />}
      {versions && mayReadAudit && (
        <Section title={t('callers')}>
          <Callers versions={versions.nodes} days={period.days} />
        </Section>
      )}
      {versions && (
        <Section title={t('versions')}>
          <VersionsInUse versions={versions.nodes} />
          {versions.pageInfo.hasNextPage && <p className="quiet">{t('newestVersions')}</p>}
        </Section>
      )}
    </>
  )
}
