import { useState } from 'react'
import { CheckField } from '../components/check-field.tsx'
import { useChange } from '../graphql/use-change.ts'
import { issueAt } from '../graphql/user-error.ts'
import { addAllowedSubjects, enableAccessControl } from './access-mutations.ts'
import { asShown, type DetailKey } from './detail-key.ts'
import { type EntryDraft, entriesInput, noEntries } from './entry-draft.ts'
import { EntryFields } from './entry-fields.tsx'
import { LockoutRefusal } from './lockout-refusal.tsx'
import { SubjectsField } from './subjects-field.tsx'

/** Adds to the list of a key, or enables its access control with a first list. */
export function SubjectsForm({ userKey }: { readonly userKey: DetailKey }) {
  const isOn = userKey.accessControlEnabled
  const [draft, setDraft] = useState(noEntries)
  const enabling = useChange(enableAccessControl)
  const adding = useChange(addAllowedSubjects)
  const { run, refusal, isRunning } = isOn ? adding : enabling
  const change = (part: Partial<EntryDraft>) => setDraft((before) => ({ ...before, ...part }))

  async function send(allowLockout: boolean) {
    if (await run({ ...asShown(userKey), ...entriesInput(draft), allowLockout })) setDraft(noEntries)
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
        value={draft.subjects}
        error={issueAt(refusal, 'subjects')}
        onChange={(subjects) => change({ subjects })}
      />
      <CheckField
        label="Limit what these subjects may do"
        checked={draft.isLimited}
        onChange={(isLimited) => change({ isLimited })}
      />
      {draft.isLimited && <EntryFields userKey={userKey} draft={draft} refusal={refusal} onChange={change} />}
      {isOn && <p className="quiet">For a subject that is on the list already, this replaces its entries.</p>}
      <LockoutRefusal error={refusal} onConfirm={() => void send(true)} />
      <div>
        <button type="submit" disabled={isRunning}>
          {isOn ? 'Add subjects' : 'Enable access control'}
        </button>
      </div>
    </form>
  )
}
