import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { type EnumOf, graphql } from '../../api/graphql.ts'
import { useChange } from '../../api/use-change.ts'
import { userErrorFields } from '../../api/user-error.ts'
import { useAcknowledgement } from '../../design/acknowledgement.tsx'
import { Button } from '../../design/button.tsx'
import { Dialog } from '../../design/dialog.tsx'
import { SelectField, TextField } from '../../design/fields.tsx'
import { Form } from '../../design/form.tsx'
import { localTime, momentOf } from '../../design/local-time.ts'
import { useToast } from '../../design/toasts.tsx'
import { roles, useRoleText } from '../../keys/roles.ts'
import { SubjectField } from '../../keys/subject-picker.tsx'
import { useValueText } from '../../texts/values.ts'
import type { RoleBinding } from './role-bindings.ts'

const bindRole = graphql(
  `
    mutation BindRole($input: BindRoleInput!) {
      bindRole(input: $input) {
        ... on BindRolePayload {
          roleBinding {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

interface Props {
  /** The binding to change; without it, one is made. */
  readonly binding?: RoleBinding
  readonly onClose: () => void
}

/** Gives a subject a role, or changes until when and why it has it. */
export function BindDialog(props: Props) {
  const t = useTranslations('roles.bind')
  const { binding, onClose } = props
  return (
    <Dialog
      open
      onClose={onClose}
      title={binding ? t('changeTitle', { subject: binding.subject.id }) : t('title')}
    >
      <BindForm {...props} />
    </Dialog>
  )
}

function BindForm({ binding, onClose }: Props) {
  const t = useTranslations('roles')
  const common = useTranslations('common')
  const valueText = useValueText()
  const roleText = useRoleText()
  const toast = useToast()
  const { run, isRunning, refusal } = useChange(bindRole)
  const [subject, setSubject] = useState(binding?.subject.id ?? '')
  const [role, setRole] = useState<EnumOf<'Role'>>(binding?.role ?? 'KMS_USER')
  const [expiresAt, setExpiresAt] = useState(localTime(binding?.expiresAt ?? null))
  const [note, setNote] = useState(binding?.note ?? '')
  const isLockout = refusal?.code === 'LOCKOUT'
  const acknowledgement = useAcknowledgement(isLockout, {
    warning: <p>{t('lockout.warning')}</p>,
    label: t('lockout.label'),
  })

  async function submit() {
    const result = await run({
      subject: subject.trim(),
      role,
      expiresAt: momentOf(expiresAt, binding?.expiresAt),
      note,
      allowLockout: acknowledgement.isGiven,
    })
    if (result === null) return
    toast(
      t(binding ? 'bind.changed' : 'bind.done', { subject: subject.trim(), role: valueText('Role', role) }),
    )
    onClose()
  }

  return (
    <Form
      refusal={isLockout ? null : refusal}
      onSubmit={() => void submit()}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" kind="primary" busy={isRunning} disabled={!acknowledgement.mayGoOn}>
            {binding ? common('save') : t('bind.action')}
          </Button>
        </>
      }
    >
      {!binding && (
        <SubjectField name="subject" label={t('subject')} value={subject} required onChange={setSubject} />
      )}
      {binding ? (
        <p>
          <strong>{valueText('Role', role)}</strong> – {roleText(role)}
        </p>
      ) : (
        <SelectField
          name="role"
          label={t('role')}
          hint={roleText(role)}
          value={role}
          options={roles.map((value) => ({ value, label: valueText('Role', value) }))}
          onChange={setRole}
        />
      )}
      <TextField
        name="expiresAt"
        label={t('expiresAt')}
        hint={t('expiresAtHint')}
        type="datetime-local"
        value={expiresAt}
        onChange={setExpiresAt}
      />
      <TextField
        name="note"
        label={t('note')}
        hint={t('noteHint')}
        maxLength={256}
        value={note}
        onChange={setNote}
      />
      {acknowledgement.field}
    </Form>
  )
}
