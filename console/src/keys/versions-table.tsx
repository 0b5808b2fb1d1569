import { type ReactNode, useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../api/graphql.ts'
import { usePageQuery } from '../api/live.tsx'
import { useAddress } from '../design/address.ts'
import { type Column, DataTable } from '../design/data-table.tsx'
import { Moment } from '../design/facts.tsx'
import { Loading } from '../design/loading.tsx'
import { Badge, Empty } from '../design/notice.tsx'
import { Pager, pageArguments } from '../design/pager.tsx'
import { useValueText } from '../texts/values.ts'
import { VersionStatusBadge } from './badges.tsx'
import { EncryptionUsage } from './encryption-usage.tsx'
import { type Version, versionFields } from './version-fields.ts'

const keyVersionsQuery = graphql(
  `
    query KeyVersions($keyId: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      node(id: $keyId) {
        ... on Key {
          id
          versions(first: $first, after: $after, last: $last, before: $before) {
            nodes {
              ...VersionFields
            }
            pageInfo {
              hasNextPage
              hasPreviousPage
              startCursor
              endCursor
            }
          }
        }
      }
    }
  `,
  [versionFields],
)

/** The versions of a key, newest first; what can be done with one is up to the page. */
export function VersionsTable(props: {
  readonly keyId: string
  /** What is said of a key without versions. */
  readonly empty: ReactNode
  readonly actions?: (version: Version) => ReactNode
}) {
  const t = useTranslations('versions')
  const common = useTranslations('common')
  const address = useAddress()
  const [{ data, fetching }] = usePageQuery({
    query: keyVersionsQuery,
    variables: { keyId: props.keyId, ...pageArguments(address, 20) },
  })
  const columns = useColumns()
  const node = data?.node
  const versions = node && 'versions' in node ? node.versions : null
  if (!versions) return fetching ? <Loading /> : null
  if (versions.nodes.length === 0) return <Empty>{props.empty}</Empty>
  const { hasNextPage, hasPreviousPage } = versions.pageInfo
  return (
    <>
      <DataTable
        name="versions"
        label={t('title')}
        columns={columns}
        rows={versions.nodes}
        rowId={({ id }) => id}
        rowName={({ number }) => common('version', { number })}
        {...(props.actions && { actions: props.actions })}
      />
      {(hasNextPage || hasPreviousPage) && <Pager info={versions.pageInfo} />}
    </>
  )
}

function useColumns(): readonly Column<Version>[] {
  const t = useTranslations('versions')
  const common = useTranslations('common')
  const valueText = useValueText()
  return useMemo(
    () => [
      {
        id: 'number',
        title: t('version'),
        isHeading: true,
        cell: ({ number, isDefault }) => (
          <>
            {common('version', { number })} {isDefault && <Badge tone="good">{t('default')}</Badge>}
          </>
        ),
      },
      { id: 'status', title: t('status'), cell: (version) => <VersionState version={version} /> },
      { id: 'createdAt', title: t('createdAt'), cell: ({ createdAt }) => <Moment at={createdAt} /> },
      {
        id: 'lastUsedAt',
        title: t('lastUsedAt'),
        cell: ({ lastUsedAt }) =>
          lastUsedAt === null ? <span className="quiet">{common('never')}</span> : <Moment at={lastUsedAt} />,
      },
      {
        id: 'encryptions',
        title: t('encryptions'),
        cell: ({ encryptionUsage, number }) => <EncryptionUsage usage={encryptionUsage} number={number} />,
      },
      {
        id: 'origin',
        title: t('origin'),
        cell: ({ materialOrigin }) => valueText('KeyOrigin', materialOrigin),
      },
      {
        id: 'activatedAt',
        title: t('activatedAt'),
        optional: true,
        cell: ({ activatedAt }) => <Moment at={activatedAt} />,
      },
      {
        id: 'deactivatedAt',
        title: t('deactivatedAt'),
        optional: true,
        cell: ({ deactivatedAt }) => <Moment at={deactivatedAt} />,
      },
      { id: 'id', title: t('id'), optional: true, cell: ({ id }) => <code>{id}</code> },
    ],
    [t, common, valueText],
  )
}

/** The state of a version, and since or until when. */
function VersionState({ version }: { readonly version: Version }) {
  const t = useTranslations('versions')
  const { versionStatus, activatedAt, deactivatedAt, destroyScheduledFor, destroyedAt } = version
  const [label, at] = {
    ACTIVE: [t('since'), activatedAt] as const,
    DEACTIVATED: [t('since'), deactivatedAt] as const,
    DESTROY_SCHEDULED: [t('destroyedOn'), destroyScheduledFor] as const,
    DESTROYED: [t('since'), destroyedAt] as const,
  }[versionStatus]
  return (
    <>
      <VersionStatusBadge status={versionStatus} />
      <span className="quiet block">
        {label} <Moment at={at} />
      </span>
    </>
  )
}
