import { useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useChange } from '../../../api/use-change.ts'
import type { UserError } from '../../../api/user-error.ts'
import { ConfirmDialog, FormDialog } from '../../../design/dialog.tsx'
import { TextField } from '../../../design/fields.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import { KeyField } from '../../../keys/key-field.tsx'
import type { DetailKey } from '../detail-key.ts'
import { createAlias, deleteAlias, repointAlias } from './alias-changes.ts'

interface AliasDialogProps {
  readonly userKey: DetailKey
  readonly alias: string
  readonly onClose: () => void
}

/** Gives the key another name. */
export function CreateAliasDialog({ userKey, onClose }: Omit<AliasDialogProps, 'alias'>) {
  const t = useTranslations('overview')
  const toast = useToast()
  const [alias, setAlias] = useState('')
  const { run, refusal, isRunning } = useChange(createAlias)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const shown = useMemo(() => (refusal?.code === 'NAME_TAKEN' ? atAlias(refusal) : refusal), [refusal])

  async function create() {
    if ((await run({ ...asSeen, alias: alias.trim() })) === null) return
    onClose()
    toast(t('aliasCreated', { alias: alias.trim() }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('createAliasTitle', { name: userKey.name })}
      onSubmit={() => void create()}
      busy={isRunning}
      refusal={shown}
    >
      {changes}
      <TextField
        name="alias"
        label={t('alias')}
        hint={t('aliasHint')}
        value={alias}
        onChange={setAlias}
        required
        spellCheck={false}
      />
    </FormDialog>
  )
}

/** What is taken is what was typed into the one field there is. */
const atAlias = ({ message }: UserError): UserError => ({
  code: 'INPUT_VALIDATION',
  message,
  issues: [{ path: ['alias'], message }],
})

/** Lets an alias stand for another key, after it was said what changes for who uses it. */
export function RepointAliasDialog({ userKey, alias, onClose }: AliasDialogProps) {
  const t = useTranslations('overview')
  const toast = useToast()
  const [key, setKey] = useState('')
  const { run, refusal, isRunning } = useChange(repointAlias)
  const { name, type, usage } = userKey

  async function repoint() {
    const done = await run({ alias, key: key.trim() })
    if (done === null) return
    onClose()
    toast(t('aliasRepointed', { alias, name: done.userKey.name }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('repointTitle', { alias })}
      confirm={t('repointConfirm')}
      onConfirm={() => void repoint()}
      busy={isRunning}
      refusal={refusal}
    >
      <KeyField name="key" label={t('repointTo')} value={key} onChange={setKey} without={name} />
      <ul className="consequences">
        <li>{t('repointNew', { alias, name })}</li>
        <li>
          {type === 'SYMMETRIC' && usage === 'ENCRYPT_DECRYPT'
            ? t('repointOldOpens', { name })
            : t('repointOldNeedsName', { name })}
        </li>
      </ul>
    </ConfirmDialog>
  )
}

/** Takes an alias away, after it was said what then fails. */
export function DeleteAliasDialog({ userKey, alias, onClose }: AliasDialogProps) {
  const t = useTranslations('overview')
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(deleteAlias)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function remove() {
    if ((await run({ alias, expectedRevision: asSeen.expectedRevision })) === null) return
    onClose()
    toast(t('aliasDeleted', { alias }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('deleteAliasTitle', { alias })}
      confirm={t('deleteAliasConfirm')}
      onConfirm={() => void remove()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <ul className="consequences">
        <li>{t('aliasGone', { alias })}</li>
        <li>{t('aliasKeyStays', { name: userKey.name })}</li>
      </ul>
    </ConfirmDialog>
  )
}
