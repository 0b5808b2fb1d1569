import { useQuery } from 'urql'
import { Pager } from '../components/pager.tsx'
import { aboutKeys } from '../graphql/create-client.ts'
import { graphql } from '../graphql/graphql.ts'
import { usePages } from '../graphql/use-pages.ts'
import { KeyRow, keyRowFields } from './key-row.tsx'
import { filterInput, type ListFilter } from './list-filter.ts'
import { useLiveKeys } from './use-live-keys.ts'

const userKeysQuery = graphql(
  `
    query UserKeys($first: Int, $after: String, $last: Int, $before: String, $filter: UserKeyFilter) {
      userKeys(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        totalCount
        nodes {
          ...KeyRowFields
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  `,
  [keyRowFields],
)

const columns = [
  'Name',
  'Status',
  'Type',
  'Usage',
  'Algorithm',
  'Origin',
  'Default version',
  'Automatic rotation',
  'Created',
  'Creator',
  'Access control',
] as const

/** One page of user keys after the other. */
export function KeyTable({ filter }: { readonly filter: ListFilter }) {
  const pages = usePages(10)
  const [{ data, fetching, stale }, askAgain] = useQuery({
    query: userKeysQuery,
    variables: { ...pages.page, filter: filterInput(filter) },
    context: aboutKeys,
  })
  useLiveKeys(() => askAgain({ requestPolicy: 'network-only' }))
  if (!data?.userKeys) return fetching && <p role="status">Loading…</p>
  const { totalCount, nodes, pageInfo } = data.userKeys
  return (
    <div aria-busy={fetching || stale}>
      <p role="status">{totalCount === 1 ? '1 key' : `${totalCount} keys`}</p>
      {nodes.length > 0 && (
        <table className="cards wide">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {nodes.map((userKey) => (
              <KeyRow key={userKey.id} userKey={userKey} />
            ))}
          </tbody>
        </table>
      )}
      <Pager label="Pages of user keys" info={pageInfo} pages={pages} />
    </div>
  )
}
