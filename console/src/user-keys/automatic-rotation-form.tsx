import { useState } from 'react'
import { CheckField } from '../components/check-field.tsx'
import { DaysField } from '../components/days-field.tsx'
import { Refusal } from '../components/refusal.tsx'
import { graphql } from '../graphql/graphql.ts'
import { useChange } from '../graphql/use-change.ts'
import { issueAt, userErrorFields } from '../graphql/user-error.ts'
import { asShown, type DetailKey } from './detail-key.ts'

const configureAutomaticRotation = graphql(
  `
    mutation ConfigureAutomaticRotation($input: ConfigureAutomaticRotationInput!) {
      configureAutomaticRotation(input: $input) {
        ... on ConfigureAutomaticRotationPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Whether the key is rotated by itself, and how often. */
export function AutomaticRotationForm(props: {
  readonly userKey: DetailKey
  readonly rotation: NonNullable<DetailKey['automaticRotation']>
}) {
  const { userKey, rotation } = props
  const [enabled, setEnabled] = useState(rotation.enabled)
  const [cycleDays, setCycleDays] = useState(String(rotation.cycleDays))
  const { run, refusal, isRunning } = useChange(configureAutomaticRotation)
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        void run({ ...asShown(userKey), enabled, ...(enabled && { cycleDays: Number(cycleDays) }) })
      }}
    >
      <CheckField label="Rotate automatically" checked={enabled} onChange={setEnabled} />
      <div className="row">
        {enabled && (
          <DaysField
            label="Cycle in days"
            min={1}
            max={1095}
            value={cycleDays}
            error={issueAt(refusal, 'cycleDays')}
            onChange={setCycleDays}
          />
        )}
        <button type="submit" disabled={isRunning}>
          Save
        </button>
      </div>
      <Refusal error={refusal} />
    </form>
  )
}
