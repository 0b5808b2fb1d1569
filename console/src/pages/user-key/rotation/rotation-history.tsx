import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../../../api/graphql.ts'
import { usePageQuery } from '../../../api/live.tsx'
import { useAddress } from '../../../design/address.ts'
import { DataTable } from '../../../design/data-table.tsx'
import { Loading } from '../../../design/loading.tsx'
import { Empty } from '../../../design/notice.tsx'
import { Pager, pageArguments } from '../../../design/pager.tsx'
import { useActivityColumns } from '../../../keys/activity/columns.tsx'
import { activityQuery } from '../../../keys/activity/events.ts'
import { useValueText } from '../../../texts/values.ts'

const action: EnumOf<'AuditAction'>[] = ['ROTATE_KEY', 'ACTIVATE_USER_KEY', 'CONFIGURE_AUTOMATIC_ROTATION']

/** Rotations of the key and changes of its cycle, by whomever, the latest first. */
export function RotationHistory({ keyId }: { readonly keyId: string }) {
  const t = useTranslations('rotation')
  const valueText = useValueText()
  const address = useAddress()
  const [{ data, fetching }] = usePageQuery({
    query: activityQuery,
    variables: { filter: { key: keyId, action }, ...pageArguments(address, 20) },
  })
  // Rotations have no encryption context.
  const all = useActivityColumns(false)
  const columns = useMemo(() => all.filter(({ id }) => id !== 'context'), [all])
  const events = data?.auditEvents
  if (!events) return fetching ? <Loading /> : null
  if (events.nodes.length === 0) {
    return (
      <Empty>
        <p>{t('noHistory')}</p>
      </Empty>
    )
  }
  const { hasNextPage, hasPreviousPage } = events.pageInfo
  return (
    <>
      <DataTable
        name="rotations"
        label={t('history')}
        columns={columns}
        rows={events.nodes}
        rowId={({ id }) => id}
        rowName={({ action: done }) => valueText('AuditAction', done)}
      />
      {(hasNextPage || hasPreviousPage) && <Pager info={events.pageInfo} />}
    </>
  )
}
