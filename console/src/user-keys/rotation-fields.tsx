import { CheckField } from '../components/check-field.tsx'
import { DaysField } from '../components/days-field.tsx'
import type { KeyDraft } from './key-draft.ts'

/** When a new key gets its first version, and whether it gets others by itself. */
export function RotationFields(props: {
  readonly draft: KeyDraft
  readonly error: string | undefined
  readonly onChange: (part: Partial<KeyDraft>) => void
}) {
  const { draft, error, onChange } = props
  return (
    <fieldset>
      <legend>Versions</legend>
      <CheckField
        label="Activate later: start without a version"
        checked={draft.preActivation}
        onChange={(preActivation) => onChange({ preActivation })}
      />
      <CheckField
        label="Rotate automatically"
        checked={draft.rotates}
        onChange={(rotates) => onChange({ rotates })}
      />
      {draft.rotates && draft.algorithm.type === 'ASYMMETRIC' && (
        <p className="quiet">Each rotation changes the public key.</p>
      )}
      {draft.rotates && (
        <DaysField
          label="Cycle in days"
          min={1}
          max={1095}
          value={draft.cycleDays}
          error={error}
          onChange={(cycleDays) => onChange({ cycleDays })}
        />
      )}
    </fieldset>
  )
}
