import type { ReactNode } from 'react'
import { useQuery } from 'urql'
import { Pager } from '../components/pager.tsx'
import { aboutKeys } from '../graphql/create-client.ts'
import { graphql } from '../graphql/graphql.ts'
import { usePages } from '../graphql/use-pages.ts'
import { type Version, versionFields } from './version.ts'
import { VersionRow } from './version-row.tsx'

const versionsQuery = graphql(
  `
    query Versions($keyId: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      node(id: $keyId) {
        ... on Key {
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
        ... on UserKey {
          revision
        }
      }
    }
  `,
  [versionFields],
)

/** The user key whose versions are shown, as it was when they were read. */
export interface ShownKey {
  readonly id: string
  readonly revision: number | null
}

/** The versions of a key, newest first; what can be done with one is up to the page. */
export function VersionsTable(props: {
  readonly keyId: string
  readonly actionsFor?: ((version: Version, key: ShownKey) => ReactNode) | undefined
}) {
  const pages = usePages(10)
  const [{ data }] = useQuery({
    query: versionsQuery,
    variables: { keyId: props.keyId, ...pages.page },
    context: aboutKeys,
  })
  const node = data?.node
  if (!node || !('versions' in node) || !node.versions) return null
  const { versions } = node
  const shownKey = { id: props.keyId, revision: 'revision' in node ? node.revision : null }
  if (versions.nodes.length === 0) return <p>There is no version yet.</p>
  return (
    <>
      <table className="cards">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Status</th>
            <th scope="col">Created</th>
            <th scope="col">Last used</th>
            <th scope="col">Encryptions left</th>
            {props.actionsFor && <th scope="col">Actions</th>}
          </tr>
        </thead>
        <tbody>
          {versions.nodes.map((version) => (
            <VersionRow key={version.id} version={version} actions={props.actionsFor?.(version, shownKey)} />
          ))}
        </tbody>
      </table>
      <Pager label="Pages of versions" info={versions.pageInfo} pages={pages} />
    </>
  )
}
