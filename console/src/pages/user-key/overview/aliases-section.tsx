import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { CopyText } from '../../../design/facts.tsx'
import { ActionMenu } from '../../../design/menu.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { CreateAliasDialog, DeleteAliasDialog, RepointAliasDialog } from './alias-dialogs.tsx'

/** A window about an alias, or about a new one. */
type Opened =
  | { readonly window: 'create' }
  | { readonly window: 'repoint' | 'delete'; readonly alias: string }

/** Further names by which requests find the key. */
export function AliasesSection(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const t = useTranslations('overview')
  const common = useTranslations('common')
  const [opened, setOpened] = useState<Opened | null>(null)
  const close = () => setOpened(null)
  const aliases = userKey.aliases ?? []
  return (
    <Section
      title={t('aliases')}
      actions={manages && <Button onClick={() => setOpened({ window: 'create' })}>{t('addAlias')}</Button>}
    >
      {aliases.length === 0 && <p className="quiet">{t('noAliases')}</p>}
      <ul className="row-list">
        {aliases.map((alias) => (
          <li key={alias}>
            <CopyText text={alias} what={alias} />
            {manages && (
              <ActionMenu
                label={common('more', { name: alias })}
                actions={[
                  { label: t('repointAlias'), onSelect: () => setOpened({ window: 'repoint', alias }) },
                  {
                    label: t('deleteAlias'),
                    danger: true,
                    onSelect: () => setOpened({ window: 'delete', alias }),
                  },
                ]}
              />
            )}
          </li>
        ))}
      </ul>
      {opened?.window === 'create' && <CreateAliasDialog userKey={userKey} onClose={close} />}
      {opened?.window === 'repoint' && (
        <RepointAliasDialog userKey={userKey} alias={opened.alias} onClose={close} />
      )}
      {opened?.window === 'delete' && (
        <DeleteAliasDialog userKey={userKey} alias={opened.alias} onClose={close} />
      )}
    </Section>
  )
}
