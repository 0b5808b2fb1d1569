import { useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { usePageQuery } from '../../api/live.tsx'
import { useViewer } from '../../api/viewer.ts'
import { useAddress } from '../../design/address.ts'
import { LinkButton } from '../../design/button.tsx'
import { DataTable } from '../../design/data-table.tsx'
import { Loading } from '../../design/loading.tsx'
import { Pager, pageArguments } from '../../design/pager.tsx'
import { NoPermission } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { BulkBar } from './bulk/bulk-bar.tsx'
import { EmptyList } from './empty-list.tsx'
import { FilterBar } from './filter/filter-bar.tsx'
import { FilterChips } from './filter/filter-chips.tsx'
import { filterInput, readFilter } from './filter/list-filter.ts'
import { useKeyColumns } from './key-columns.tsx'
import { type KeyCounts, type ListedKey, userKeyCountsQuery, userKeyListQuery } from './listed-key.ts'
import { type RowDialog, RowDialogs, RowMenu } from './row-menu.tsx'
import { orderAddress, readOrder, SortChoice } from './sort-choice.tsx'
import { StatusCounts } from './status-counts.tsx'

/** Rows on a page. */
const pageSize = 25

/** The user keys of the project. Asks for them while it is not known yet whether the viewer may see them. */
export function UserKeysPage() {
  const viewer = useViewer()
  if (viewer !== null && !viewer.permissions.includes('VIEW')) return <NoPermission />
  return <KeyList mayCreate={viewer?.permissions.includes('CREATE') ?? false} />
}

function KeyList({ mayCreate }: { readonly mayCreate: boolean }) {
  const t = useTranslations('userKeys')
  const address = useAddress()
  const filter = readFilter(address)
  const order = readOrder(address)
  const [{ data, fetching }] = usePageQuery({
    query: userKeyListQuery,
    variables: { filter: filterInput(filter), orderBy: order, ...pageArguments(address, pageSize) },
  })
  const keys = useLatest(data?.userKeys)
  const [{ data: counted }] = usePageQuery({
    query: userKeyCountsQuery,
    variables: { filter: filterInput({ ...filter, status: [] }) },
    // Counting all keys takes longer than a page of them, which should not wait for that.
    pause: keys === undefined,
  })
  const [opened, setOpened] = useState<{ dialog: RowDialog; userKey: ListedKey } | null>(null)
  const columns = useKeyColumns()
  const counts = useLatest(counted?.userKeyCounts) ?? null
  const selected = address.getAll('selected')
  const isNarrowed = Object.keys(filterInput(filter)).length > 0
  const hasOtherPages =
    keys !== undefined && keys !== null && (keys.pageInfo.hasPreviousPage || keys.pageInfo.hasNextPage)
  const isEmpty = keys?.nodes.length === 0 && !isNarrowed && !hasOtherPages
  const select = (ids: readonly string[]) => address.set({ selected: ids }, { replace: true })
  const userKey = keys?.nodes.find(({ id }) => id === opened?.userKey.id) ?? opened?.userKey
  return (
    <Page
      title={t('title')}
      actions={
        mayCreate && (
          <LinkButton href="/user-keys/new" kind="primary">
            {t('create')}
          </LinkButton>
        )
      }
    >
      {isEmpty ? (
        <EmptyList mayCreate={mayCreate} isNarrowed={false} hasOtherPages={false} />
      ) : (
        <>
          <FilterBar filter={filter} />
          <FilterChips filter={filter} />
          <div aria-busy={fetching || undefined} className="results">
            <DataTable
              name="user-keys"
              label={t('title')}
              columns={columns}
              rows={keys?.nodes ?? []}
              rowId={({ id }) => id}
              rowName={({ name }) => name}
              sorting={{
                ...order,
                onChange: (field, direction) => address.set(orderAddress({ field, direction })),
              }}
              selection={{ chosen: selected, onChange: select }}
              canSelect={({ viewerPermissions }) => viewerPermissions?.includes('MANAGE') ?? false}
              tools={
                <>
                  <StatusCounts filter={filter} counts={counts} />
                  <SortChoice order={order} />
                </>
              }
              actions={(key) => (
                <RowMenu userKey={key} onOpen={(dialog) => setOpened({ dialog, userKey: key })} />
              )}
              placeholder={
                keys ? (
                  <EmptyList mayCreate={mayCreate} isNarrowed={isNarrowed} hasOtherPages={hasOtherPages} />
                ) : (
                  <Loading />
                )
              }
            />
            {keys && keys.nodes.length > 0 && (
              <Pager info={keys.pageInfo} totalCount={countOf(counts, filter.status)} busy={fetching} />
            )}
          </div>
        </>
      )}
      <BulkBar selected={selected} onSelect={select} />
      <RowDialogs
        opened={opened && userKey ? { dialog: opened.dialog, userKey } : null}
        onClose={() => setOpened(null)}
      />
    </Page>
  )
}

/** What was known last, while something else is on its way: the list changes without being empty in between. */
function useLatest<Value>(value: Value | undefined): Value | undefined {
  const latest = useRef(value)
  if (value !== undefined) latest.current = value
  return latest.current
}

/** How many keys the list has in all, of the states that are asked for. */
function countOf(counts: KeyCounts | null, status: readonly string[]): number | null {
  if (counts === null) return null
  if (status.length === 0) return counts.total
  return counts.byStatus
    .filter((each) => status.includes(each.status))
    .reduce((sum, { count }) => sum + count, 0)
}
