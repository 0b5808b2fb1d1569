import { useTranslations } from 'use-intl'
import { useChange } from '../../../api/use-change.ts'
import { ConfirmDialog } from '../../../design/dialog.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import { DestroyImpact } from '../../../keys/destroy-impact.tsx'
import type { Version } from '../../../keys/version-fields.ts'
import type { DetailKey } from '../detail-key.ts'
import { useOpensWith } from './opens-with.ts'
import { deactivateKeyVersion } from './version-changes.ts'

/** Stops a version, after it was said what that stops. */
export function DeactivateDialog(props: {
  readonly userKey: DetailKey
  readonly version: Version
  readonly onClose: () => void
}) {
  const { userKey, version, onClose } = props
  const { number, isDefault } = version
  const { name } = userKey
  const t = useTranslations('versions')
  const opensWith = useOpensWith(userKey.usage)
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(deactivateKeyVersion)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function deactivate() {
    const { expectedRevision } = asSeen
    if ((await run({ version: { id: version.id }, expectedRevision })) === null) return
    onClose()
    toast(t('deactivated', { number, name }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('deactivateTitle', { number, name })}
      confirm={t('deactivateConfirm', { number })}
      onConfirm={() => void deactivate()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <DestroyImpact versionId={version.id} number={number} />
      <ul className="consequences">
        <li>{t('stops', { what: opensWith(number) })}</li>
        {isDefault && <li>{t('protectsNothing', { name })}</li>}
        {isDefault && userKey.automaticRotation?.enabled && <li>{t('rotationPauses')}</li>}
        <li>{t('canActivate')}</li>
      </ul>
    </ConfirmDialog>
  )
}
