import { useState } from 'react'
import { DaysField } from '../components/days-field.tsx'
import { Refusal } from '../components/refusal.tsx'
import { graphql } from '../graphql/graphql.ts'
import { useChange } from '../graphql/use-change.ts'
import { issueAt, userErrorFields } from '../graphql/user-error.ts'
import type { Version } from '../versions/version.ts'
import type { ShownKey } from '../versions/versions-table.tsx'
import { DestroyImpact } from './destroy-impact.tsx'

const destroyKeyVersion = graphql(
  `
    mutation DestroyKeyVersion($input: DestroyKeyVersionInput!) {
      destroyKeyVersion(input: $input) {
        ... on DestroyKeyVersionPayload {
          version {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Asks who would miss a version, and for how long to wait, before it is destroyed. */
export function DestroyForm(props: {
  readonly shownKey: ShownKey
  readonly version: Version
  readonly onClose: () => void
}) {
  const { shownKey, version, onClose } = props
  const [days, setDays] = useState('7')
  const { run, refusal, isRunning } = useChange(destroyKeyVersion)

  async function destroy() {
    const expectedRevision = shownKey.revision
    const input = { version: { id: version.id }, expectedRevision, waitingPeriodDays: Number(days) }
    if (await run(input)) onClose()
  }

  return (
    <form
      className="form"
      aria-label={`Destroy version ${version.number}`}
      onSubmit={(event) => {
        event.preventDefault()
        void destroy()
      }}
    >
      <DestroyImpact versionId={version.id} />
      <DaysField
        label="Waiting period in days"
        min={0}
        max={30}
        value={days}
        error={issueAt(refusal, 'waitingPeriodDays')}
        onChange={setDays}
      />
      <Refusal error={refusal} />
      <div className="row">
        <button type="submit" className="danger" disabled={isRunning}>
          Destroy version {version.number}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  )
}
