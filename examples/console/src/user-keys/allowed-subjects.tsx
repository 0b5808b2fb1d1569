import { useState } from 'react'
import { useChange } from '../graphql/use-change.ts'
import { removeAllowedSubjects } from './access-mutations.ts'
import { asShown, type DetailKey } from './detail-key.ts'
import { LockoutRefusal } from './lockout-refusal.tsx'

/** The list of a key. */
export function AllowedSubjects(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const [removing, setRemoving] = useState('')
  const { run, refusal, isRunning } = useChange(removeAllowedSubjects)
  const remove = (subject: string, allowLockout: boolean) => {
    setRemoving(subject)
    void run({ ...asShown(userKey), subjects: [subject], allowLockout })
  }
  const subjects = userKey.allowedSubjects ?? []
  if (subjects.length === 0) return <p className="quiet">The list is empty.</p>
  return (
    <>
      <ul className="subjects" aria-label="Allowed subjects">
        {subjects.map(({ id }) => (
          <li key={id}>
            <code>{id}</code>
            {manages && (
              <button
                type="button"
                disabled={isRunning}
                aria-label={`Remove ${id}`}
                onClick={() => remove(id, false)}
              >
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      <LockoutRefusal error={refusal} onConfirm={() => remove(removing, true)} />
    </>
  )
}
