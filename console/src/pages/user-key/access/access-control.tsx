import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { Badge, Empty } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { AccessListTable } from './access-list-table.tsx'
import { DisableDialog } from './disable-dialog.tsx'
import { EnableDialog } from './enable-dialog.tsx'
import type { Entry } from './entries.ts'
import { EntryDialog } from './entry-dialog.tsx'
import { RemoveDialog } from './remove-dialog.tsx'

/** What the user is doing: one of the dialogs. */
type Doing =
  | { readonly what: 'enable' | 'disable' | 'add' }
  | { readonly what: 'change' | 'remove'; readonly entry: Entry }

/** Who has access to the key. Those who manage it can change that. */
export function AccessControl({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('access')
  const common = useTranslations('common')
  const [doing, setDoing] = useState<Doing | null>(null)
  const manages = userKey.viewerPermissions?.includes('MANAGE') ?? false
  const isOn = userKey.accessControlEnabled
  const dialog = { userKey, onClose: () => setDoing(null) }
  return (
    <Section
      title={t('control')}
      actions={
        manages && (
          <div className="buttons">
            {isOn ? (
              <>
                <Button kind="danger" onClick={() => setDoing({ what: 'disable' })}>
                  {t('disable.action')}
                </Button>
                <Button kind="primary" onClick={() => setDoing({ what: 'add' })}>
                  {t('entry.add')}
                </Button>
              </>
            ) : (
              <Button kind="primary" onClick={() => setDoing({ what: 'enable' })}>
                {t('enable.action')}
              </Button>
            )}
          </div>
        )
      }
    >
      <p>
        <Badge tone={isOn ? 'good' : 'quiet'}>{common(isOn ? 'on' : 'off')}</Badge>{' '}
        {t(isOn ? 'isOn' : 'isOff', { owner: userKey.owner?.id ?? '' })}
      </p>
      {isOn && (userKey.accessList?.length ?? 0) === 0 && (
        <Empty>
          <p>{t('empty')}</p>
        </Empty>
      )}
      {isOn && (userKey.accessList?.length ?? 0) > 0 && (
        <AccessListTable
          userKey={userKey}
          {...(manages && {
            onChange: (entry: Entry) => setDoing({ what: 'change', entry }),
            onRemove: (entry: Entry) => setDoing({ what: 'remove', entry }),
          })}
        />
      )}
      {doing?.what === 'enable' && <EnableDialog {...dialog} />}
      {doing?.what === 'disable' && <DisableDialog {...dialog} />}
      {doing?.what === 'add' && <EntryDialog {...dialog} />}
      {doing?.what === 'change' && <EntryDialog {...dialog} entry={doing.entry} />}
      {doing?.what === 'remove' && <RemoveDialog {...dialog} entry={doing.entry} />}
    </Section>
  )
}
