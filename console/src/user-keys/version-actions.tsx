import { Refusal } from '../components/refusal.tsx'
import { useChange } from '../graphql/use-change.ts'
import type { Version } from '../versions/version.ts'
import type { ShownKey } from '../versions/versions-table.tsx'
import { activateKeyVersion, deactivateKeyVersion, restoreKeyVersion } from './version-mutations.ts'

/** What the state of a version allows. */
export function VersionActions(props: {
  readonly shownKey: ShownKey
  readonly version: Version
  readonly onDestroy: () => void
}) {
  const { shownKey, version, onDestroy } = props
  const deactivation = useChange(deactivateKeyVersion)
  const activation = useChange(activateKeyVersion)
  const restoring = useChange(restoreKeyVersion)
  const input = { version: { id: version.id }, expectedRevision: shownKey.revision }
  const isRunning = deactivation.isRunning || activation.isRunning || restoring.isRunning
  const button = (label: string, onClick: () => void) => (
    <button
      type="button"
      disabled={isRunning}
      onClick={onClick}
      aria-label={`${label} version ${version.number}`}
    >
      {label}
    </button>
  )
  return (
    <>
      <div className="row">
        {version.versionStatus === 'ACTIVE' && button('Deactivate', () => void deactivation.run(input))}
        {version.versionStatus === 'DEACTIVATED' && button('Activate', () => void activation.run(input))}
        {version.versionStatus === 'DEACTIVATED' && button('Destroy…', onDestroy)}
        {version.versionStatus === 'DESTROY_SCHEDULED' && button('Restore', () => void restoring.run(input))}
        {version.versionStatus === 'DESTROYED' && <span className="quiet">None</span>}
      </div>
      <Refusal error={deactivation.refusal ?? activation.refusal ?? restoring.refusal} />
    </>
  )
}
