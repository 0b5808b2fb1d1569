import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useLocation } from 'wouter'
import { Button } from '../../design/button.tsx'
import { KeyStatusBadge } from '../../keys/badges.tsx'
import { DeleteKeyDialog } from '../../keys/delete-key-dialog.tsx'
import { canRotate, RotateDialog } from '../../keys/rotate-dialog.tsx'
import { ActivateDialog } from './activate-dialog.tsx'
import type { DetailKey } from './detail-key.ts'

/** The status of a key, and what can be done with it as a whole, in the head of its page. */
export function KeyActions({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('userKey')
  const [opened, setOpened] = useState<'activate' | 'rotate' | 'delete' | null>(null)
  const [, goTo] = useLocation()
  const close = () => setOpened(null)
  const manages = userKey.viewerPermissions?.includes('MANAGE') ?? false
  const isNew = userKey.status === 'PRE_ACTIVATION' && userKey.origin === 'KEYSTEAD'
  return (
    <>
      {userKey.status && <KeyStatusBadge status={userKey.status} />}
      {manages && isNew && (
        <Button kind="primary" onClick={() => setOpened('activate')}>
          {t('activate')}
        </Button>
      )}
      {canRotate(userKey) && <Button onClick={() => setOpened('rotate')}>{t('rotate')}</Button>}
      {manages && userKey.deletable && (
        <Button kind="danger" onClick={() => setOpened('delete')}>
          {t('delete')}
        </Button>
      )}
      {opened === 'activate' && <ActivateDialog userKey={userKey} onClose={close} />}
      {opened === 'rotate' && <RotateDialog userKey={userKey} onClose={close} />}
      {opened === 'delete' && (
        <DeleteKeyDialog userKey={userKey} onClose={close} onDeleted={() => goTo('/user-keys')} />
      )}
    </>
  )
}
