import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { isInvalidInput } from '../../api/client.ts'
import { usePageQuery } from '../../api/live.tsx'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { DataTable } from '../../design/data-table.tsx'
import { Loading } from '../../design/loading.tsx'
import { Empty } from '../../design/notice.tsx'
import { Pager, pageArguments } from '../../design/pager.tsx'
import { useValueText } from '../../texts/values.ts'
import { useActivityColumns } from './columns.tsx'
import { EventDetails } from './event-details.tsx'
import { activityQuery } from './events.ts'
import { ExportButton } from './export-dialog.tsx'
import { noFilter, useActivityFilter } from './filter.ts'
import { FilterForm } from './filter-form.tsx'

const pageSize = 50

/**
 * The trail: of one key, user key or service key, or else of everything that the viewer may read. Filter and page live in
 * the address. Only for those who may read it.
 */
export function ActivityList({ keyId }: { readonly keyId?: string }) {
  const t = useTranslations('activity')
  const valueText = useValueText()
  const address = useAddress()
  const { filter, at } = useActivityFilter(keyId)
  const page = JSON.stringify(pageArguments(address, pageSize))
  const variables = useMemo(() => ({ filter, ...(JSON.parse(page) as object) }), [filter, page])
  const [{ data, fetching, error }, askAgain] = usePageQuery({
    query: activityQuery,
    variables,
    showsInvalidInput: true,
  })
  const columns = useActivityColumns(keyId === undefined)
  const events = data?.auditEvents
  const isFiltered = Object.keys(noFilter).some((name) => address.get(name) !== null)
  return (
    <div className="stack">
      <FilterForm keyId={keyId} actors={events?.nodes.map(({ actor }) => actor.id) ?? []} />
      {error && isInvalidInput(error) && (
        <p className="field-error" role="alert">
          {problemOf(error.graphQLErrors[0]?.message)}
        </p>
      )}
      {!events && fetching && <Loading />}
      {events && events.nodes.length === 0 && (
        <Empty>
          <p>{isFiltered ? t('nothingFound') : t('empty')}</p>
          {isFiltered && <Button onClick={() => address.set(noFilter)}>{t('clear')}</Button>}
        </Empty>
      )}
      {events && events.nodes.length > 0 && (
        <>
          <DataTable
            name={keyId === undefined ? 'activity' : 'key-activity'}
            label={t('title')}
            columns={columns}
            rows={events.nodes}
            rowId={({ id }) => id}
            rowName={({ action }) => valueText('AuditAction', action)}
            details={(event) => <EventDetails event={event} ofOneKey={keyId !== undefined} />}
            tools={
              <>
                <Button busy={fetching} onClick={() => askAgain({ requestPolicy: 'network-only' })}>
                  {t('refresh')}
                </Button>
                <ExportButton filter={filter} />
              </>
            }
          />
          <Pager info={events.pageInfo} keep={{ at }} busy={fetching} />
        </>
      )}
    </div>
  )
}

/** What is wrong with the filter, without the general words before it. */
const problemOf = (message = '') => message.replace(/^The input is not valid: (filter\.)?/, '')
