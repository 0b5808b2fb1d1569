import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { LinkButton } from '../../../design/button.tsx'
import { ActionMenu, type MenuAction } from '../../../design/menu.tsx'
import { Section } from '../../../design/section.tsx'
import type { Version } from '../../../keys/version-fields.ts'
import { VersionUseDialog } from '../../../keys/version-use-dialog.tsx'
import { VersionsTable } from '../../../keys/versions-table.tsx'
import type { DetailKey } from '../detail-key.ts'
import { DeactivateDialog } from './deactivate-dialog.tsx'
import { DestroyDialog } from './destroy-dialog.tsx'
import { ReviveDialog } from './revive-dialog.tsx'

/** A window about one version. */
interface Opened {
  readonly version: Version
  readonly window: 'users' | 'deactivate' | 'activate' | 'destroy' | 'restore'
}

/** The versions of a key, who uses them, and what can be done with them. */
export function VersionsTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('versions')
  const common = useTranslations('common')
  const [opened, setOpened] = useState<Opened | null>(null)
  const actionsFor = useVersionActions(userKey, setOpened)
  const close = () => setOpened(null)
  const parts = opened && { userKey, version: opened.version, onClose: close }
  return (
    <Section title={t('title')}>
      <p className="quiet">{t('intro')}</p>
      <VersionsTable
        keyId={userKey.id}
        empty={
          userKey.origin === 'EXTERNAL' ? (
            <>
              <p>{t('emptyExternal')}</p>
              <LinkButton href={`/user-keys/${userKey.id}/import`}>{t('importLink')}</LinkButton>
            </>
          ) : (
            <p>{t('empty')}</p>
          )
        }
        actions={(version) => {
          const actions = actionsFor(version)
          const name = common('version', { number: version.number })
          return actions.length > 0 && <ActionMenu label={common('more', { name })} actions={actions} />
        }}
      />
      {opened?.window === 'users' && (
        <VersionUseDialog open version={opened.version} keyName={userKey.name} onClose={close} />
      )}
      {parts && opened.window === 'deactivate' && <DeactivateDialog {...parts} />}
      {parts && opened.window === 'destroy' && <DestroyDialog {...parts} />}
      {parts && (opened.window === 'activate' || opened.window === 'restore') && (
        <ReviveDialog {...parts} kind={opened.window} />
      )}
    </Section>
  )
}

/** What the state of a version and the permissions of the viewer allow. */
function useVersionActions(
  { viewerPermissions }: DetailKey,
  open: (opened: Opened) => void,
): (version: Version) => readonly MenuAction[] {
  const t = useTranslations('versions')
  const may = (permission: 'MANAGE' | 'READ_AUDIT') => viewerPermissions?.includes(permission) ?? false
  return (version) => {
    const action = (window: Opened['window'], label: string, danger = false): MenuAction => ({
      label,
      danger,
      onSelect: () => open({ version, window }),
    })
    const { versionStatus } = version
    return [
      may('READ_AUDIT') && action('users', t('users')),
      may('MANAGE') && versionStatus === 'ACTIVE' && action('deactivate', t('deactivate'), true),
      may('MANAGE') && versionStatus === 'DEACTIVATED' && action('activate', t('activate')),
      may('MANAGE') && versionStatus === 'DEACTIVATED' && action('destroy', t('destroy'), true),
      may('MANAGE') && versionStatus === 'DESTROY_SCHEDULED' && action('restore', t('restore')),
    ].filter((each) => each !== false)
  }
}
