import { useTranslations } from 'use-intl'
import { CheckField, TextArea, TextField } from '../../../design/fields.tsx'
import { LabelsEditor } from '../../../keys/labels-editor.tsx'
import type { KeyDraft } from '../key-draft.ts'

/** What each step gets. */
export interface StepProps {
  readonly draft: KeyDraft
  readonly onChange: (part: Partial<KeyDraft>) => void
}

/** What people see of the key: its name, description and labels. */
export function BasicsStep({ draft, onChange }: StepProps) {
  const t = useTranslations('createKey')
  return (
    <>
      <TextField
        name="name"
        label={t('name')}
        hint={t('nameRule')}
        value={draft.name}
        aria-required
        maxLength={64}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(name) => onChange({ name })}
      />
      <TextArea
        name="description"
        label={t('description')}
        hint={t('descriptionHint')}
        rows={2}
        maxLength={256}
        spellCheck
        value={draft.description}
        onChange={(description) => onChange({ description })}
      />
      <LabelsEditor labels={draft.labels} onChange={(labels) => onChange({ labels })} />
      <fieldset>
        <legend>{t('start')}</legend>
        <CheckField
          label={
            <>
              {t('preActivation')} <span className="quiet block">{t('preActivationHint')}</span>
            </>
          }
          checked={draft.preActivation}
          onChange={(preActivation) => onChange({ preActivation })}
        />
      </fieldset>
    </>
  )
}
