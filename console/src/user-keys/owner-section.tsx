import { useState } from 'react'
import { Field } from '../components/field.tsx'
import { Section } from '../components/section.tsx'
import { useChange } from '../graphql/use-change.ts'
import { issueAt } from '../graphql/user-error.ts'
import { transferOwnership } from './access-mutations.ts'
import { asShown, type DetailKey } from './detail-key.ts'
import { LockoutRefusal } from './lockout-refusal.tsx'

/** The owner of the key, and a form that gives it to another one. */
export function OwnerSection({ userKey }: { readonly userKey: DetailKey }) {
  const [to, setTo] = useState('')
  const { run, refusal, isRunning } = useChange(transferOwnership)

  async function send(allowLockout: boolean) {
    if (await run({ ...asShown(userKey), to: to.trim(), allowLockout })) setTo('')
  }

  return (
    <Section title="Owner">
      <p>
        <code>{userKey.owner?.id}</code> owns the key.
      </p>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          void send(false)
        }}
      >
        <Field
          label="New owner"
          hint="user:bob, group:payments, … Each member of a group is then an owner. The access list stays as it is."
          error={issueAt(refusal, 'to')}
        >
          {(control) => (
            <input
              {...control}
              required
              autoComplete="off"
              value={to}
              onChange={({ target }) => setTo(target.value)}
            />
          )}
        </Field>
        <LockoutRefusal error={refusal} onConfirm={() => void send(true)} />
        <div>
          <button type="submit" disabled={isRunning}>
            Transfer ownership
          </button>
        </div>
      </form>
    </Section>
  )
}
