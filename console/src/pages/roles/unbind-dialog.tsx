import { useTranslations } from 'use-intl'
import { graphql } from '../../api/graphql.ts'
import { useChange } from '../../api/use-change.ts'
import { userErrorFields } from '../../api/user-error.ts'
import { useViewer } from '../../api/viewer.ts'
import { useAcknowledgement } from '../../design/acknowledgement.tsx'
import { ConfirmDialog } from '../../design/dialog.tsx'
import { useToast } from '../../design/toasts.tsx'
import { useRoleText } from '../../keys/roles.ts'
import { kindOfSubject } from '../../keys/subjects.ts'
import { useValueText } from '../../texts/values.ts'
import type { RoleBinding } from './role-bindings.ts'

const unbindRole = graphql(
  `
    mutation UnbindRole($input: UnbindRoleInput!) {
      unbindRole(input: $input) {
        ... on UnbindRolePayload {
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

/** Takes a bound role from a subject, and says before what that can do no more. */
export function UnbindDialog(props: { readonly binding: RoleBinding; readonly onClose: () => void }) {
  const t = useTranslations('roles')
  const valueText = useValueText()
  const roleText = useRoleText()
  const viewer = useViewer()
  const toast = useToast()
  const { run, isRunning, refusal } = useChange(unbindRole)
  const { binding, onClose } = props
  const subject = binding.subject.id
  const role = valueText('Role', binding.role)
  const isLockout = refusal?.code === 'LOCKOUT'
  const acknowledgement = useAcknowledgement(isLockout, {
    warning: <p>{t('lockout.warning')}</p>,
    label: t('lockout.label'),
  })
  const isGroup = kindOfSubject(subject) === 'GROUP'
  const own = viewer ? [viewer.subject.id, ...viewer.groups.map((group) => `group:${group}`)] : []
  const isOwn = own.includes(subject) && viewer?.boundRoles.includes(binding.role)

  const ofOwn = useAcknowledgement(isOwn === true, {
    warning: <p>{t('unbind.own')}</p>,
    label: t('unbind.ownLabel'),
  })

  async function confirm() {
    const result = await run({ subject, role: binding.role, allowLockout: acknowledgement.isGiven })
    if (result === null) return
    toast(t('unbind.done', { subject, role }))
    onClose()
  }

  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('unbind.title', { subject, role })}
      confirm={t('unbind.confirm')}
      busy={isRunning}
      refusal={isLockout ? null : refusal}
      blocked={!acknowledgement.mayGoOn || !ofOwn.mayGoOn}
      onConfirm={() => void confirm()}
    >
      <p>{t(isGroup ? 'unbind.losesGroup' : 'unbind.loses', { subject })}</p>
      <p>
        <strong>{role}</strong> – {roleText(binding.role)}
      </p>
      <p className="quiet">{t('unbind.stays')}</p>
      {ofOwn.field}
      {acknowledgement.field}
    </ConfirmDialog>
  )
}
