import { useMemo, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { useChange } from '../../../api/use-change.ts'
import { ConfirmDialog } from '../../../design/dialog.tsx'
import { TextField } from '../../../design/fields.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import { DestroyImpact } from '../../../keys/destroy-impact.tsx'
import type { Version } from '../../../keys/version-fields.ts'
import type { DetailKey } from '../detail-key.ts'
import { useOpensWith } from './opens-with.ts'
import { destroyKeyVersion } from './version-changes.ts'

const dayMs = 86_400_000

/** Schedules the destruction of a version, after it was said what is then lost, and when. At once only if the name is typed. */
export function DestroyDialog(props: {
  readonly userKey: DetailKey
  readonly version: Version
  readonly onClose: () => void
}) {
  const { userKey, version, onClose } = props
  const { number, isDefault } = version
  const { name } = userKey
  const t = useTranslations('versions')
  const { dateTime } = useFormatter()
  const opensWith = useOpensWith(userKey.usage)
  const toast = useToast()
  const [days, setDays] = useState('7')
  const openedAt = useMemo(() => Date.now(), [])
  const { run, refusal, isRunning } = useChange(destroyKeyVersion)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const isAtOnce = Number(days) === 0
  const date = dateTime(new Date(openedAt + (Number(days) || 0) * dayMs), {
    dateStyle: 'long',
    timeStyle: 'short',
  })

  async function destroy() {
    const { expectedRevision } = asSeen
    const done = await run({
      version: { id: version.id },
      expectedRevision,
      waitingPeriodDays: Number(days),
    })
    if (done === null) return
    onClose()
    const isDestroyed = done.version.versionStatus === 'DESTROYED'
    toast(isDestroyed ? t('destroyed', { number, name }) : t('destructionScheduled', { number, name }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('destroyTitle', { number, name })}
      confirm={isAtOnce ? t('destroyNow', { number }) : t('destroyConfirm', { number })}
      onConfirm={() => void destroy()}
      busy={isRunning}
      refusal={refusal}
      typeName={isAtOnce ? name : undefined}
    >
      {changes}
      <DestroyImpact versionId={version.id} number={number} />
      <TextField
        name="waitingPeriodDays"
        label={t('waitingPeriod')}
        hint={t('waitingPeriodHint')}
        type="number"
        required
        min={0}
        max={30}
        value={days}
        onChange={setDays}
      />
      <ul className="consequences">
        <li>{isAtOnce ? t('destroyedAtOnce', { number }) : t('destroyedAt', { number, date })}</li>
        <li>{t('neverAgain', { what: opensWith(number) })}</li>
        {isDefault && <li>{t('noDefault', { name })}</li>}
      </ul>
    </ConfirmDialog>
  )
}
