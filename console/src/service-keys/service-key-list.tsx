import { useQuery } from 'urql'
import { Pager } from '../components/pager.tsx'
import { Rotation } from '../components/rotation.tsx'
import { StatusBadge } from '../components/status-badge.tsx'
import { ViewHeading } from '../components/view-heading.tsx'
import { graphql } from '../graphql/graphql.ts'
import { usePages } from '../graphql/use-pages.ts'
import { linkTo } from '../route.ts'
import { algorithmName, formatMoment } from '../words.ts'

const serviceKeysQuery = graphql(`
  query ServiceKeys($first: Int, $after: String, $last: Int, $before: String) {
    serviceKeys(first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        name
        service
        status
        algorithm
        defaultVersion {
          number
        }
        automaticRotation {
          enabled
          cycleDays
        }
        nextRotationAt
        createdAt
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

const columns = ['Name', 'Service', 'Status', 'Algorithm', 'Default version', 'Rotation', 'Created'] as const

/** The keys of services: made by the system, seen by all, managed by nobody. */
export function ServiceKeyList() {
  const pages = usePages(10)
  const [{ data, fetching }] = useQuery({
    query: serviceKeysQuery,
    variables: pages.page,
  })
  const serviceKeys = data?.serviceKeys
  const nodes = serviceKeys?.nodes ?? []
  return (
    <>
      <ViewHeading>Service keys</ViewHeading>
      <p className="quiet">
        The system makes one when a service first encrypts, and rotates it. Nobody else can manage it.
      </p>
      {nodes.length === 0 && (
        <p role="status">{fetching ? 'Loading…' : serviceKeys && 'There is none yet.'}</p>
      )}
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
            {nodes.map((serviceKey) => (
              <tr key={serviceKey.id}>
                <th scope="row" data-label="Name">
                  <a href={linkTo('service-keys', serviceKey.id)}>{serviceKey.name}</a>
                </th>
                <td data-label="Service">{serviceKey.service}</td>
                <td data-label="Status">{serviceKey.status && <StatusBadge status={serviceKey.status} />}</td>
                <td data-label="Algorithm">{serviceKey.algorithm && algorithmName(serviceKey.algorithm)}</td>
                <td data-label="Default version">{serviceKey.defaultVersion?.number ?? 'None'}</td>
                <td data-label="Rotation">
                  {serviceKey.automaticRotation && (
                    <Rotation rotation={serviceKey.automaticRotation} nextAt={serviceKey.nextRotationAt} />
                  )}
                </td>
                <td data-label="Created">{formatMoment(serviceKey.createdAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {serviceKeys && <Pager label="Pages of service keys" info={serviceKeys.pageInfo} pages={pages} />}
    </>
  )
}
