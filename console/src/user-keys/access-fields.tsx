import { CheckField } from '../components/check-field.tsx'
import type { KeyDraft } from './key-draft.ts'
import { SubjectsField } from './subjects-field.tsx'

/** Who may see and use a new key. */
export function AccessFields(props: {
  readonly draft: KeyDraft
  readonly error: string | undefined
  readonly onChange: (part: Partial<KeyDraft>) => void
}) {
  const { draft, error, onChange } = props
  return (
    <fieldset>
      <legend>Access control</legend>
      <CheckField
        label="Only you and the subjects on a list have access"
        checked={draft.restrictsAccess}
        onChange={(restrictsAccess) => onChange({ restrictsAccess })}
      />
      {draft.restrictsAccess && (
        <SubjectsField
          label="Allowed subjects"
          value={draft.subjects}
          error={error}
          onChange={(subjects) => onChange({ subjects })}
        />
      )}
    </fieldset>
  )
}
