import { useQuery } from 'urql'
import { Facts } from '../components/facts.tsx'
import { Rotation } from '../components/rotation.tsx'
import { Section } from '../components/section.tsx'
import { StatusBadge } from '../components/status-badge.tsx'
import { ViewHeading } from '../components/view-heading.tsx'
import { graphql } from '../graphql/graphql.ts'
import { linkTo } from '../route.ts'
import { VersionsTable } from '../versions/versions-table.tsx'
import { algorithmName, formatMoment } from '../words.ts'

const serviceKeyQuery = graphql(`
  query ServiceKey($id: KeyRef!) {
    serviceKey(by: { key: $id }) {
      id
      name
      service
      status
      algorithm
      automaticRotation {
        enabled
        cycleDays
      }
      lastRotatedAt
      nextRotationAt
      createdAt
    }
  }
`)

/** One service key with its versions, to look at. */
export function ServiceKeyDetail({ id }: { readonly id: string }) {
  const [{ data, fetching }] = useQuery({ query: serviceKeyQuery, variables: { id } })
  const serviceKey = data?.serviceKey
  return (
    <>
      <a href={linkTo('service-keys')}>← All service keys</a>
      {!serviceKey && <p role="status">{fetching ? 'Loading…' : data && 'There is no such key.'}</p>}
      {serviceKey && (
        <>
          <div className="title-row">
            <ViewHeading>{serviceKey.name}</ViewHeading>
            {serviceKey.status && <StatusBadge status={serviceKey.status} />}
          </div>
          <Section title="Overview">
            <p className="quiet">
              Only the service can use this key, the system rotates it, and nobody can manage it.
            </p>
            <Facts
              facts={[
                ['ID', <code key="id">{serviceKey.id}</code>],
                ['Service', serviceKey.service],
                ['Algorithm', serviceKey.algorithm && algorithmName(serviceKey.algorithm)],
                [
                  'Rotation',
                  serviceKey.automaticRotation && (
                    <Rotation rotation={serviceKey.automaticRotation} nextAt={serviceKey.nextRotationAt} />
                  ),
                ],
                ['Last rotated', formatMoment(serviceKey.lastRotatedAt)],
                ['Created', formatMoment(serviceKey.createdAt)],
              ]}
            />
          </Section>
          <Section title="Versions">
            <VersionsTable keyId={serviceKey.id} />
          </Section>
        </>
      )}
    </>
  )
}
