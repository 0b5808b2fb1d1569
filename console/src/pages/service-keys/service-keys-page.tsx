import { useTranslations } from 'use-intl'
import { usePageQuery } from '../../api/live.tsx'
import { type Address, useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { DataTable } from '../../design/data-table.tsx'
import { Loading } from '../../design/loading.tsx'
import { Empty } from '../../design/notice.tsx'
import { firstPage, Pager, pageArguments } from '../../design/pager.tsx'
import { Page } from '../../shell/page.tsx'
import { isValueOf } from '../../texts/values.ts'
import { useServiceKeyColumns } from './columns.tsx'
import { ServiceKeyFilter } from './filter.tsx'
import { serviceKeysQuery } from './service-keys.ts'

/** The keys of the platform's services: the system makes and rotates them, users look at them. */
export function ServiceKeysPage() {
  const t = useTranslations('serviceKeys')
  const address = useAddress()
  const filter = filterIn(address)
  const isFiltered = Object.keys(filter).length > 0
  const [{ data, fetching }] = usePageQuery({
    query: serviceKeysQuery,
    variables: { filter, ...pageArguments(address, 50) },
  })
  const columns = useServiceKeyColumns()
  const keys = data?.serviceKeys
  return (
    <Page title={t('title')}>
      <p className="quiet">{t('intro')}</p>
      <ServiceKeyFilter />
      {!keys && fetching && <Loading />}
      {keys && keys.nodes.length === 0 && (
        <Empty>
          <p>{isFiltered ? t('nothingFound') : t('empty')}</p>
          {isFiltered && (
            <Button onClick={() => address.set({ name: null, status: null, ...firstPage })}>
              {t('clear')}
            </Button>
          )}
        </Empty>
      )}
      {keys && keys.nodes.length > 0 && (
        <>
          <DataTable
            name="serviceKeys"
            label={t('title')}
            columns={columns}
            rows={keys.nodes}
            rowId={({ id }) => id}
            rowName={({ name }) => name}
          />
          <Pager info={keys.pageInfo} totalCount={keys.totalCount} busy={fetching} />
        </>
      )}
    </Page>
  )
}

/** What the address asks for; what no key could match or no state is called is left out. */
function filterIn({ get }: Address) {
  const name = get('name') ?? ''
  const status = get('status') ?? ''
  return {
    ...(/^[\w-]{1,64}$/.test(name) && { namePrefix: name }),
    ...(isValueOf('KeyStatus', status) && { status: [status] }),
  }
}
