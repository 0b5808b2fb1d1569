import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { FormDialog } from '../../../design/dialog.tsx'
import { CheckField, TextField } from '../../../design/fields.tsx'
import { Notice } from '../../../design/notice.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import type { DetailKey } from '../detail-key.ts'

const configureAutomaticRotation = graphql(
  `
    mutation ConfigureAutomaticRotation($input: ConfigureAutomaticRotationInput!) {
      configureAutomaticRotation(input: $input) {
        ... on ConfigureAutomaticRotationPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Switches automatic rotation on or off, and sets its cycle. */
export function AutomaticRotationDialog(props: {
  readonly userKey: DetailKey
  readonly onClose: () => void
}) {
  const { userKey, onClose } = props
  const t = useTranslations('rotation')
  const toast = useToast()
  const [enabled, setEnabled] = useState(userKey.automaticRotation?.enabled ?? false)
  const [cycleDays, setCycleDays] = useState(String(userKey.automaticRotation?.cycleDays ?? 365))
  const { run, refusal, isRunning } = useChange(configureAutomaticRotation)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function save() {
    const cycle = enabled && { cycleDays: Number(cycleDays) }
    if ((await run({ ...asSeen, enabled, ...cycle })) === null) return
    onClose()
    toast(enabled ? t('switchedOn', { name: userKey.name }) : t('switchedOff', { name: userKey.name }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('editTitle', { name: userKey.name })}
      onSubmit={() => void save()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <CheckField label={t('enabled')} checked={enabled} onChange={setEnabled} />
      {enabled ? (
        <>
          <TextField
            name="cycleDays"
            label={t('cycleDays')}
            hint={t('cycleHint')}
            type="number"
            min={1}
            max={1095}
            step={1}
            required
            value={cycleDays}
            onChange={setCycleDays}
          />
          {userKey.type === 'ASYMMETRIC' && <Notice tone="waiting">{t('publicKeyChanges')}</Notice>}
        </>
      ) : (
        <p className="quiet">{t('offText')}</p>
      )}
    </FormDialog>
  )
}
