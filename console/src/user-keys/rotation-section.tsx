import { Refusal } from '../components/refusal.tsx'
import { Section } from '../components/section.tsx'
import { graphql } from '../graphql/graphql.ts'
import { useChange } from '../graphql/use-change.ts'
import { userErrorFields } from '../graphql/user-error.ts'
import { AutomaticRotationForm } from './automatic-rotation-form.tsx'
import { asShown, type DetailKey } from './detail-key.ts'

const rotateUserKey = graphql(
  `
    mutation RotateUserKey($input: RotateUserKeyInput!) {
      rotateUserKey(input: $input) {
        ... on RotateUserKeyPayload {
          version {
            number
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const activateUserKey = graphql(
  `
    mutation ActivateUserKey($input: ActivateUserKeyInput!) {
      activateUserKey(input: $input) {
        ... on ActivateUserKeyPayload {
          version {
            number
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Makes versions: the first, the next, and those that come by themselves. */
export function RotationSection({ userKey }: { readonly userKey: DetailKey }) {
  const rotation = useChange(rotateUserKey)
  const activation = useChange(activateUserKey)
  if (userKey.origin === 'EXTERNAL') {
    return (
      <Section title="Rotation">
        <p>The material of this key is imported (docs/import.md): the system makes no versions of it.</p>
      </Section>
    )
  }
  const isNew = userKey.status === 'PRE_ACTIVATION'
  const { run, isRunning } = isNew ? activation : rotation
  return (
    <Section title="Rotation">
      <p className="quiet">
        {isNew
          ? 'The key has no version yet. Activating it makes version 1.'
          : 'Rotating makes a new default version for new data; older versions still open what they protect.'}
      </p>
      <button
        type="button"
        className="primary"
        disabled={isRunning}
        onClick={() => void run(asShown(userKey))}
      >
        {isNew ? 'Activate key' : 'Rotate now'}
      </button>
      <Refusal error={rotation.refusal ?? activation.refusal} />
      {userKey.automaticRotation && (
        <AutomaticRotationForm
          // What was saved is what is shown; a refused change keeps its reason.
          key={JSON.stringify(userKey.automaticRotation)}
          userKey={userKey}
          rotation={userKey.automaticRotation}
        />
      )}
    </Section>
  )
}
