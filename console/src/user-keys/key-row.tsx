import { NoAccess } from '../components/no-access.tsx'
import { Rotation } from '../components/rotation.tsx'
import { StatusBadge } from '../components/status-badge.tsx'
import { graphql, type ResultOf } from '../graphql/graphql.ts'
import { linkTo } from '../route.ts'
import { algorithmName, formatMoment, originName, sentence, usageName } from '../words.ts'

/** What the list shows of a key. */
export const keyRowFields = graphql(`
  fragment KeyRowFields on UserKey {
    id
    name
    description
    viewerCanAccess
    status
    type
    usage
    algorithm
    origin
    defaultVersion {
      number
    }
    automaticRotation {
      enabled
      cycleDays
    }
    nextRotationAt
    createdAt
    createdBy {
      id
    }
    accessControlEnabled
  }
`)

type RowKey = ResultOf<typeof keyRowFields>

/** A key in the list. */
export function KeyRow({ userKey }: { readonly userKey: RowKey }) {
  return (
    <tr>
      <th scope="row" data-label="Name">
        <a href={linkTo('user-keys', userKey.id)}>{userKey.name}</a>
        {userKey.description && <span className="quiet block">{userKey.description}</span>}
      </th>
      {userKey.viewerCanAccess ? <VisibleCells userKey={userKey} /> : <HiddenCells />}
      <td data-label="Created">{formatMoment(userKey.createdAt)}</td>
      <td data-label="Creator">{userKey.createdBy.id}</td>
      <td data-label="Access control">{userKey.accessControlEnabled ? 'On' : 'Off'}</td>
    </tr>
  )
}

/** What only those see who have access. */
function VisibleCells({ userKey }: { readonly userKey: RowKey }) {
  const { status, type, usage, algorithm, origin, defaultVersion, automaticRotation, nextRotationAt } =
    userKey
  return (
    <>
      <td data-label="Status">{status && <StatusBadge status={status} />}</td>
      <td data-label="Type">{type && sentence(type)}</td>
      <td data-label="Usage">{usage && usageName(usage)}</td>
      <td data-label="Algorithm">{algorithm && algorithmName(algorithm)}</td>
      <td data-label="Origin">{origin && originName(origin)}</td>
      <td data-label="Default version">{defaultVersion?.number ?? 'None'}</td>
      <td data-label="Automatic rotation">
        {automaticRotation && <Rotation rotation={automaticRotation} nextAt={nextRotationAt} />}
      </td>
    </>
  )
}

/** One cell over the columns of {@link VisibleCells}. */
function HiddenCells() {
  return (
    <td colSpan={7} data-label="Details">
      <NoAccess />
    </td>
  )
}
