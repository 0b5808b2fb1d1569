import { useTranslations } from 'use-intl'
import { ChoiceCards } from '../../../design/choice-cards.tsx'
import { TextField } from '../../../design/fields.tsx'
import type { StepProps } from './basics-step.tsx'

/** Whether the system makes new versions by itself, and how often. */
export function RotationStep({ draft, onChange }: StepProps) {
  const t = useTranslations('createKey')
  return (
    <>
      <ChoiceCards
        name="automaticRotation"
        label={t('automaticRotation')}
        value={draft.rotates ? 'on' : 'off'}
        options={[
          { value: 'off', title: t('rotationOff'), text: t('rotationOffHint') },
          { value: 'on', title: t('rotationOn'), text: t('rotationOnHint') },
        ]}
        onChange={(choice) => onChange({ rotates: choice === 'on' })}
      />
      {draft.rotates && (
        <TextField
          name="automaticRotation.cycleDays"
          label={t('cycle')}
          hint={t('cycleHint')}
          type="number"
          min={1}
          max={1095}
          step={1}
          required
          value={draft.cycleDays}
          onChange={(cycleDays) => onChange({ cycleDays })}
        />
      )}
      {draft.rotates && draft.algorithm.type === 'ASYMMETRIC' && (
        <p className="quiet">{t('rotationPublicKey')}</p>
      )}
    </>
  )
}
