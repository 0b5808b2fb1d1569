import { CheckField } from '../components/check-field.tsx'
import { Field } from '../components/field.tsx'
import type { UserError } from '../graphql/user-error.ts'
import { sentence } from '../words.ts'
import type { DetailKey } from './detail-key.ts'
import { type EntryDraft, permissionsFor } from './entry-draft.ts'

/** Conditions of new entries of an access list, all optional. */
export function EntryFields(props: {
  readonly userKey: DetailKey
  readonly draft: EntryDraft
  readonly refusal: UserError | null
  readonly onChange: (part: Partial<EntryDraft>) => void
}) {
  const { userKey, draft, refusal, onChange } = props
  const { usage, type } = userKey
  if (usage === null) return null
  const issueIn = (field: string) =>
    refusal?.issues?.find(({ path }) => path[0] === 'entries' && path[2] === field)?.message
  const permissionsIssue = issueIn('permissions')
  return (
    <fieldset>
      <legend>Limits</legend>
      <fieldset>
        <legend>Permissions</legend>
        <p className="quiet">None checked: all that the roles of the subjects allow.</p>
        {permissionsFor(usage).map((permission) => (
          <CheckField
            key={permission}
            label={sentence(permission)}
            checked={draft.permissions.includes(permission)}
            onChange={(checked) =>
              onChange({
                permissions: checked
                  ? [...draft.permissions, permission]
                  : draft.permissions.filter((each) => each !== permission),
              })
            }
          />
        ))}
        {permissionsIssue && <p className="field-error">{permissionsIssue}</p>}
      </fieldset>
      {usage === 'ENCRYPT_DECRYPT' && type === 'SYMMETRIC' && (
        <Field
          label="Required encryption context"
          hint="One pair a line: tenant=acme. Operations must have these pairs in their context."
          error={issueIn('context')}
        >
          {(control) => (
            <textarea
              {...control}
              rows={2}
              value={draft.context}
              onChange={({ target }) => onChange({ context: target.value })}
            />
          )}
        </Field>
      )}
      <Field label="Expires" hint="In your time zone." error={issueIn('expiresAt')}>
        {(control) => (
          <input
            {...control}
            type="datetime-local"
            value={draft.expiresAt}
            onChange={({ target }) => onChange({ expiresAt: target.value })}
          />
        )}
      </Field>
      <Field label="Note" error={issueIn('note')}>
        {(control) => (
          <input
            {...control}
            autoComplete="off"
            value={draft.note}
            onChange={({ target }) => onChange({ note: target.value })}
          />
        )}
      </Field>
    </fieldset>
  )
}
