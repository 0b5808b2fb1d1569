import { useState } from 'react'
import { useChange } from '../graphql/use-change.ts'
import { issueAt } from '../graphql/user-error.ts'
import { subjectsIn } from '../words.ts'
import { addAllowedSubjects, enableAccessControl } from './access-mutations.ts'
import { asShown, type DetailKey } from './detail-key.ts'
import { LockoutRefusal } from './lockout-refusal.tsx'
import { SubjectsField } from './subjects-field.tsx'

/** Adds to the list of a key, or enables its access control with a first list. */
export function SubjectsForm({ userKey }: { readonly userKey: DetailKey }) {
  const isOn = userKey.accessControlEnabled
  const [text, setText] = useState('')
  const enabling = useChange(enableAccessControl)
  const adding = useChange(addAllowedSubjects)
  const { run, refusal, isRunning } = isOn ? adding : enabling

  async function send(allowLockout: boolean) {
    if (await run({ ...asShown(userKey), subjects: subjectsIn(text), allowLockout })) setText('')
  }

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        void send(false)
      }}
    >
      <SubjectsField
        label={isOn ? 'Subjects to add' : 'Allowed subjects'}
        required={isOn}
        value={text}
        error={issueAt(refusal, 'subjects')}
        onChange={setText}
      />
      <LockoutRefusal error={refusal} onConfirm={() => void send(true)} />
      <div>
        <button type="submit" disabled={isRunning}>
          {isOn ? 'Add subjects' : 'Enable access control'}
        </button>
      </div>
    </form>
  )
}
