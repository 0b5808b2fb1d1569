import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { graphql, type ResultOf } from '../../../api/graphql.ts'
import { usePageQuery } from '../../../api/live.tsx'
import { useAddress } from '../../../design/address.ts'
import { Loading } from '../../../design/loading.tsx'
import { Badge, Empty } from '../../../design/notice.tsx'
import { Pager, pageArguments } from '../../../design/pager.tsx'
import { Section } from '../../../design/section.tsx'
import { VersionStatusBadge } from '../../../keys/badges.tsx'
import { PublicKeyInfo, publicKeyFields } from '../../../keys/public-key-info.tsx'
import type { DetailKey } from '../detail-key.ts'
import { KeySet } from './key-set.tsx'
import { PublishedSet } from './published-set.tsx'

const publicKeysQuery = graphql(
  `
    query PublicKeysOfKey($id: KeyRef!, $first: Int, $after: String, $last: Int, $before: String) {
      userKey(key: $id) {
        id
        versions(first: $first, after: $after, last: $last, before: $before) {
          nodes {
            id
            number
            versionStatus
            isDefault
            publicKey {
              ...PublicKeyFields
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
    }
  `,
  [publicKeyFields],
)

type Versions = NonNullable<NonNullable<ResultOf<typeof publicKeysQuery>['userKey']>['versions']>

type PublicVersion = Versions['nodes'][number]

const pageSize = 20

/** The public keys of all versions, to copy or to take along, also as one set. */
export function PublicKeysTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('publicKeys')
  const address = useAddress()
  const text = JSON.stringify({ id: userKey.id, ...pageArguments(address, pageSize) })
  const variables = useMemo(() => JSON.parse(text) as { id: string }, [text])
  const [{ data }] = usePageQuery({ query: publicKeysQuery, variables })
  const versions = data?.userKey?.versions
  if (!versions) return <Loading />
  if (versions.nodes.length === 0) {
    return (
      <Empty>
        <p>{t(userKey.origin === 'EXTERNAL' ? 'emptyImport' : 'empty')}</p>
      </Empty>
    )
  }
  const { hasNextPage, hasPreviousPage } = versions.pageInfo
  const isWhole = !hasNextPage && !hasPreviousPage
  return (
    <>
      <PublishedSet userKey={userKey} />
      {isWhole && <KeySet userKey={userKey} versions={versions.nodes} />}
      {versions.nodes.map((version) => (
        <VersionKey key={version.id} userKey={userKey} version={version} />
      ))}
      {!isWhole && <Pager info={versions.pageInfo} />}
    </>
  )
}

function VersionKey(props: { readonly userKey: DetailKey; readonly version: PublicVersion }) {
  const t = useTranslations('publicKeys')
  const common = useTranslations('common')
  const { publicKey, number, isDefault, versionStatus } = props.version
  if (publicKey === null) return null
  return (
    <Section
      title={common('version', { number })}
      actions={
        <span className="buttons">
          {isDefault && <Badge tone="quiet">{t('default')}</Badge>}
          <VersionStatusBadge status={versionStatus} />
        </span>
      }
    >
      <PublicKeyInfo publicKey={publicKey} keyName={props.userKey.name} versionNumber={number} />
    </Section>
  )
}
