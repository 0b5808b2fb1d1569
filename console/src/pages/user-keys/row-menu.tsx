import { useTranslations } from 'use-intl'
import { useLocation } from 'wouter'
import { ActionMenu } from '../../design/menu.tsx'
import { DeleteKeyDialog } from '../../keys/delete-key-dialog.tsx'
import { PublicKeyDialog } from '../../keys/public-key-dialog.tsx'
import { canRotate, RotateDialog } from '../../keys/rotate-dialog.tsx'
import type { ListedKey } from './listed-key.ts'

/** What the menu of a row opens. */
export type RowDialog = 'publicKey' | 'rotate' | 'delete'

/** What can be done with a key of the list: no more than its viewer may do. */
export function RowMenu(props: {
  readonly userKey: ListedKey
  readonly onOpen: (dialog: RowDialog) => void
}) {
  const { userKey, onOpen } = props
  const t = useTranslations('userKeys')
  const common = useTranslations('common')
  const [, navigate] = useLocation()
  const mayDelete = userKey.deletable && userKey.viewerPermissions?.includes('MANAGE')
  return (
    <ActionMenu
      label={common('more', { name: userKey.name })}
      actions={[
        { label: t('open'), onSelect: () => navigate(`/user-keys/${userKey.id}`) },
        ...(userKey.type === 'ASYMMETRIC' && userKey.defaultVersion !== null
          ? [{ label: t('publicKey'), onSelect: () => onOpen('publicKey') }]
          : []),
        ...(canRotate(userKey) ? [{ label: t('rotate'), onSelect: () => onOpen('rotate') }] : []),
        ...(mayDelete ? [{ label: t('delete'), onSelect: () => onOpen('delete'), danger: true }] : []),
      ]}
    />
  )
}

/** The window that the menu of a row has opened. */
export function RowDialogs(props: {
  readonly opened: { readonly dialog: RowDialog; readonly userKey: ListedKey } | null
  readonly onClose: () => void
}) {
  const { opened, onClose } = props
  if (opened === null) return null
  const { dialog, userKey } = opened
  const common = { userKey, onClose }
  switch (dialog) {
    case 'publicKey':
      return <PublicKeyDialog {...common} open />
    case 'rotate':
      return <RotateDialog {...common} />
    case 'delete':
      return <DeleteKeyDialog {...common} />
  }
}
