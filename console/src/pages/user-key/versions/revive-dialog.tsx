import { useTranslations } from 'use-intl'
import { useChange } from '../../../api/use-change.ts'
import { FormDialog } from '../../../design/dialog.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import type { Version } from '../../../keys/version-fields.ts'
import type { DetailKey } from '../detail-key.ts'
import { useOpensWith } from './opens-with.ts'
import { activateKeyVersion, restoreKeyVersion } from './version-changes.ts'

/** Activates a version again, or takes back that it will be destroyed. */
export function ReviveDialog(props: {
  readonly userKey: DetailKey
  readonly version: Version
  readonly kind: 'activate' | 'restore'
  readonly onClose: () => void
}) {
  const { userKey, version, kind, onClose } = props
  const { number } = version
  const { name } = userKey
  const isActivation = kind === 'activate'
  const t = useTranslations('versions')
  const opensWith = useOpensWith(userKey.usage)
  const toast = useToast()
  const activation = useChange(activateKeyVersion)
  const restoring = useChange(restoreKeyVersion)
  const { run, refusal, isRunning } = isActivation ? activation : restoring
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function revive() {
    const { expectedRevision } = asSeen
    if ((await run({ version: { id: version.id }, expectedRevision })) === null) return
    onClose()
    toast(isActivation ? t('activated', { number, name }) : t('restored', { number, name }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={isActivation ? t('activateTitle', { number, name }) : t('restoreTitle', { number, name })}
      submit={isActivation ? t('activateConfirm', { number }) : t('restoreConfirm', { number })}
      onSubmit={() => void revive()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      {isActivation ? (
        <ul className="consequences">
          <li>{t('worksAgain', { what: opensWith(number) })}</li>
          {version.isDefault && <li>{t('protectsAgain', { name })}</li>}
        </ul>
      ) : (
        <p>{t('staysDeactivated')}</p>
      )}
    </FormDialog>
  )
}
