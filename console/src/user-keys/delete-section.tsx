import { useState } from 'react'
import { Field } from '../components/field.tsx'
import { Refusal } from '../components/refusal.tsx'
import { Section } from '../components/section.tsx'
import { graphql } from '../graphql/graphql.ts'
import { useChange } from '../graphql/use-change.ts'
import { issueAt, userErrorFields } from '../graphql/user-error.ts'
import { goTo } from '../route.ts'
import { asShown, type DetailKey } from './detail-key.ts'

const deleteUserKey = graphql(
  `
    mutation DeleteUserKey($input: DeleteUserKeyInput!) {
      deleteUserKey(input: $input) {
        ... on DeleteUserKeyPayload {
          deletedKeyId
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Deletes a key when its state allows that, after its name has been typed. */
export function DeleteSection({ userKey }: { readonly userKey: DetailKey }) {
  const [confirmName, setConfirmName] = useState('')
  const { run, refusal, isRunning } = useChange(deleteUserKey)

  async function remove() {
    if (await run({ ...asShown(userKey), confirmName })) goTo('user-keys')
  }

  return (
    <Section title="Delete">
      {userKey.deletable ? (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            void remove()
          }}
        >
          <Field
            label={`Type ${userKey.name} to delete the key`}
            hint="This cannot be undone."
            error={issueAt(refusal, 'confirmName')}
          >
            {(control) => (
              <input
                {...control}
                autoComplete="off"
                value={confirmName}
                onChange={({ target }) => setConfirmName(target.value)}
              />
            )}
          </Field>
          <Refusal error={refusal} />
          <div>
            <button type="submit" className="danger" disabled={isRunning || confirmName !== userKey.name}>
              Delete key
            </button>
          </div>
        </form>
      ) : (
        <p>A key can be deleted when it has no version, or when all its versions are destroyed.</p>
      )}
    </Section>
  )
}
