import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { graphql, type ResultOf } from '../../api/graphql.ts'
import { usePageQuery } from '../../api/live.tsx'
import { useAddress } from '../../design/address.ts'
import { type Column, DataTable } from '../../design/data-table.tsx'
import { Moment } from '../../design/facts.tsx'
import { Loading } from '../../design/loading.tsx'
import { Empty } from '../../design/notice.tsx'
import { firstPage, Pager, pageArguments } from '../../design/pager.tsx'
import { Page } from '../../shell/page.tsx'
import { useValueText } from '../../texts/values.ts'

const upcomingEventsQuery = graphql(`
  query UpcomingEvents($until: DateTime!, $first: Int, $after: String, $last: Int, $before: String) {
    upcomingEvents(until: $until, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        kind
        at
        key {
          id
          name
          __typename
        }
        version {
          number
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`)

type UpcomingEvent = NonNullable<ResultOf<typeof upcomingEventsQuery>['upcomingEvents']>['nodes'][number]

const periods = ['7', '30', '90', '365'] as const
const dayMs = 86_400_000

/** Rotations and destructions that are due, in their order. */
export function UpcomingPage() {
  const t = useTranslations('upcoming')
  const common = useTranslations('common')
  const address = useAddress()
  const days = address.get('days') ?? '30'
  // Computed once for each choice, so that the same question is not asked again with another moment.
  const until = useMemo(() => new Date(Date.now() + Number(days) * dayMs).toISOString(), [days])
  const [{ data, fetching }] = usePageQuery({
    query: upcomingEventsQuery,
    variables: { until, ...pageArguments(address, 50) },
  })
  const columns = useColumns()
  const events = data?.upcomingEvents
  return (
    <Page title={t('title')}>
      <div className="filters">
        <label>
          {t('within')}{' '}
          <select
            value={days}
            onChange={({ target }) => address.set({ days: target.value, ...firstPage }, { replace: true })}
          >
            {periods.map((period) => (
              <option key={period} value={period}>
                {common('days', { count: Number(period) })}
              </option>
            ))}
          </select>
        </label>
      </div>
      {!events && fetching && <Loading />}
      {events &&
        (events.nodes.length === 0 ? (
          <Empty>
            <p>{t('empty')}</p>
          </Empty>
        ) : (
          <>
            <DataTable
              name="upcoming"
              label={t('title')}
              columns={columns}
              rows={events.nodes}
              rowId={({ kind, at, key, version }) => [kind, at, key.id, version?.number].join(' ')}
              rowName={({ key }) => key.name}
            />
            <Pager info={events.pageInfo} />
          </>
        ))}
    </Page>
  )
}

function useColumns(): readonly Column<UpcomingEvent>[] {
  const t = useTranslations('upcoming')
  const valueText = useValueText()
  return useMemo(
    () => [
      { id: 'at', title: t('at'), cell: ({ at }) => <Moment at={at} /> },
      { id: 'kind', title: t('kind'), cell: ({ kind }) => valueText('UpcomingEventKind', kind) },
      {
        id: 'key',
        title: t('key'),
        isHeading: true,
        cell: ({ key: { id, name, __typename } }) => (
          <Link href={`/${__typename === 'ServiceKey' ? 'service-keys' : 'user-keys'}/${id}`}>{name}</Link>
        ),
      },
      { id: 'version', title: t('version'), cell: ({ version }) => version?.number ?? '' },
    ],
    [t, valueText],
  )
}
