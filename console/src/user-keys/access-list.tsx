import { useState } from 'react'
import { useChange } from '../graphql/use-change.ts'
import { formatMoment, sentence } from '../words.ts'
import { removeAllowedSubjects } from './access-mutations.ts'
import { asShown, type DetailKey } from './detail-key.ts'
import { LockoutRefusal } from './lockout-refusal.tsx'

type Entry = NonNullable<DetailKey['accessList']>[number]

/** The access list of a key, by subject. */
export function AccessList(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const [removing, setRemoving] = useState('')
  const { run, refusal, isRunning } = useChange(removeAllowedSubjects)
  const remove = (subject: string, allowLockout: boolean) => {
    setRemoving(subject)
    void run({ ...asShown(userKey), subjects: [subject], allowLockout })
  }
  const bySubject = new Map<string, readonly Entry[]>()
  for (const entry of userKey.accessList ?? []) {
    bySubject.set(entry.subject.id, [...(bySubject.get(entry.subject.id) ?? []), entry])
  }
  if (bySubject.size === 0) return <p className="quiet">The list is empty.</p>
  return (
    <>
      <ul className="subjects" aria-label="Access list">
        {[...bySubject].map(([id, entries]) => (
          <li key={id}>
            <div>
              <code>{id}</code>
              {entries.map((entry) => (
                <Conditions key={JSON.stringify(entry)} entry={entry} />
              ))}
            </div>
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

/** What an entry says besides its subject; nothing for an entry without conditions. */
function Conditions({ entry }: { readonly entry: Entry }) {
  const { permissions, context, expiresAt, expired, note } = entry
  const limits = [
    permissions && `May: ${permissions.map(sentence).join(', ')}`,
    context && `With context: ${context.map(({ name, value }) => `${name}=${value}`).join(', ')}`,
    expiresAt && `Until: ${formatMoment(expiresAt)}`,
    note && `Note: ${note}`,
  ].filter(Boolean)
  if (limits.length === 0) return null
  return (
    <p className="entry">
      {expired && <span className="badge bad">Expired</span>}
      {limits.map((limit) => (
        <span key={limit}>{limit}</span>
      ))}
    </p>
  )
}
