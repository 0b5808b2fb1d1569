import { useQuery } from 'urql'
import { NoAccess } from '../components/no-access.tsx'
import { StatusBadge } from '../components/status-badge.tsx'
import { ViewHeading } from '../components/view-heading.tsx'
import { aboutKeys } from '../graphql/create-client.ts'
import { useViewer } from '../graphql/use-viewer.ts'
import { linkTo } from '../route.ts'
import { AccessSection } from './access-section.tsx'
import { AuditSection } from './audit-section.tsx'
import { DeleteSection } from './delete-section.tsx'
import { type DetailKey, userKeyQuery } from './detail-key.ts'
import { OverviewSection } from './overview-section.tsx'
import { OwnerSection } from './owner-section.tsx'
import { PublicKeySection } from './public-key-section.tsx'
import { RotationSection } from './rotation-section.tsx'
import { VersionsSection } from './versions-section.tsx'

/** One user key, and what the caller may do with it. */
export function KeyDetail({ id }: { readonly id: string }) {
  const [{ data, fetching }] = useQuery({ query: userKeyQuery, variables: { id }, context: aboutKeys })
  const userKey = data?.userKey
  return (
    <>
      <a href={linkTo('user-keys')}>← All user keys</a>
      {userKey && <Details userKey={userKey} />}
      {!userKey && <p role="status">{fetching ? 'Loading…' : data && 'There is no such key.'}</p>}
    </>
  )
}

function Details({ userKey }: { readonly userKey: DetailKey }) {
  const permissions = userKey.viewerPermissions ?? []
  const manages = permissions.includes('MANAGE')
  const viewer = useViewer()
  const ownSubjects = viewer ? [viewer.subject.id, ...viewer.groups.map((group) => `group:${group}`)] : []
  const isOwner = userKey.owner !== null && ownSubjects.includes(userKey.owner.id)
  return (
    <>
      <div className="title-row">
        <ViewHeading>{userKey.name}</ViewHeading>
        {userKey.status ? <StatusBadge status={userKey.status} /> : <NoAccess />}
      </div>
      {userKey.description && <p>{userKey.description}</p>}
      <OverviewSection userKey={userKey} />
      {userKey.viewerCanAccess && (
        <>
          {manages && <RotationSection userKey={userKey} />}
          <VersionsSection userKey={userKey} manages={manages} />
          <AccessSection userKey={userKey} manages={manages} />
          {(manages || isOwner) && <OwnerSection userKey={userKey} />}
          {userKey.publicKey && <PublicKeySection publicKey={userKey.publicKey} />}
          {permissions.includes('READ_AUDIT') && <AuditSection keyId={userKey.id} />}
          {manages && <DeleteSection userKey={userKey} />}
        </>
      )}
    </>
  )
}
