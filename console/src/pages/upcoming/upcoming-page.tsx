import { useMemo } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { graphql, type ResultOf } from '../../api/graphql.ts'
import { usePageQuery } from '../../api/live.tsx'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { type Column, DataTable } from '../../design/data-table.tsx'
import { Moment } from '../../design/facts.tsx'
import { Loading } from '../../design/loading.tsx'
import { Badge, Empty } from '../../design/notice.tsx'
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
  const days = periods.find((period) => period === address.get('days')) ?? '30'
  const { until, now } = useUntil(Number(days))
  const page = JSON.stringify(pageArguments(address, 50))
  const variables = useMemo(() => ({ until, ...(JSON.parse(page) as object) }), [until, page])
  const [{ data, fetching }] = usePageQuery({ query: upcomingEventsQuery, variables })
  const columns = useColumns(now)
  const events = data?.upcomingEvents
  return (
    <Page title={t('title')}>
      <div className="filters">
        <label className="field">
          <span className="field-label">{t('within')}</span>
          <select
            value={days}
            onChange={({ target }) => address.set({ days: target.value, until: null, ...firstPage })}
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
            {days !== '365' && (
              <Button onClick={() => address.set({ days: '365', until: null, ...firstPage })}>
                {t('longer')}
              </Button>
            )}
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
            <Pager info={events.pageInfo} keep={{ until }} busy={fetching} />
          </>
        ))}
    </Page>
  )
}

/** The end of the period: that of the first page, so that its cursors stay valid on the others. */
function useUntil(days: number): { until: string; now: number } {
  const given = useAddress().get('until')
  return useMemo(() => {
    const now = Date.now()
    const pinned = Date.parse(given ?? '')
    return { now, until: new Date(Number.isNaN(pinned) ? now + days * dayMs : pinned).toISOString() }
  }, [given, days])
}

function useColumns(now: number): readonly Column<UpcomingEvent>[] {
  const t = useTranslations('upcoming')
  const valueText = useValueText()
  const { relativeTime } = useFormatter()
  return useMemo(
    () => [
      {
        id: 'key',
        title: t('key'),
        isHeading: true,
        cell: ({ key }) => <Link href={placeOf(key)}>{key.name}</Link>,
      },
      {
        id: 'kind',
        title: t('kind'),
        cell: ({ kind, version, key }) => (
          <>
            <Badge tone={kind === 'DESTRUCTION' ? 'bad' : 'quiet'}>
              {valueText('UpcomingEventKind', kind)}
            </Badge>{' '}
            {version && <Link href={`${placeOf(key)}/versions`}>{t('ofVersion', version)}</Link>}
          </>
        ),
      },
      { id: 'at', title: t('at'), cell: ({ at }) => <Moment at={at} /> },
      {
        id: 'in',
        title: t('in'),
        cell: ({ at }) =>
          Date.parse(at) < now ? (
            <Badge tone="waiting">{t('overdue')}</Badge>
          ) : (
            relativeTime(new Date(at), now)
          ),
      },
    ],
    [t, valueText, relativeTime, now],
  )
}

const placeOf = ({ id, __typename }: UpcomingEvent['key']) =>
  `/${__typename === 'ServiceKey' ? 'service-keys' : 'user-keys'}/${id}`
