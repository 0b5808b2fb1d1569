import type { ReactNode } from 'react'
import { StatusBadge } from '../components/status-badge.tsx'
import { formatMoment } from '../words.ts'
import type { Version } from './version.ts'

/** A version in the table. */
export function VersionRow({
  version,
  actions,
}: {
  readonly version: Version
  readonly actions?: ReactNode
}) {
  return (
    <tr>
      <th scope="row" data-label="Version">
        {version.number}
        {version.isDefault && <span className="quiet"> (default)</span>}
      </th>
      <td data-label="Status">
        <StatusBadge status={version.versionStatus} />
        {version.versionStatus === 'DESTROY_SCHEDULED' && (
          <span className="quiet block">on {formatMoment(version.destroyScheduledFor)}</span>
        )}
        {version.versionStatus === 'DESTROYED' && (
          <span className="quiet block">{formatMoment(version.destroyedAt)}</span>
        )}
      </td>
      <td data-label="Created">{formatMoment(version.createdAt)}</td>
      <td data-label="Last used">{formatMoment(version.lastUsedAt)}</td>
      <td data-label="Encryptions left">
        {version.encryptionUsage?.remainingEncryptions.toLocaleString('en-GB') ?? '–'}
      </td>
      {actions !== undefined && <td data-label="Actions">{actions}</td>}
    </tr>
  )
}
