import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { useAddress } from '../../../design/address.ts'
import { type Column, DataTable } from '../../../design/data-table.tsx'
import { Moment } from '../../../design/facts.tsx'
import { ActionMenu } from '../../../design/menu.tsx'
import { Badge } from '../../../design/notice.tsx'
import { useValueText } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import type { Entry } from './entries.ts'

/** Shown at once. A list can have a thousand entries, of which nobody reads more than those looked for. */
const shownMax = 100
/** Where looking begins to be quicker than reading. */
const searchFrom = 10

/** The access list of a key, with what to do with each entry where that is given. */
export function AccessListTable(props: {
  readonly userKey: DetailKey
  readonly onChange?: (entry: Entry) => void
  readonly onRemove?: (entry: Entry) => void
}) {
  const t = useTranslations('access')
  const common = useTranslations('common')
  const columns = useColumns()
  const address = useAddress()
  const wanted = address.get('find') ?? ''
  const { onChange, onRemove } = props
  const entries = (props.userKey.accessList ?? []).map((entry, index) => ({ ...entry, id: String(index) }))
  const found = entries.filter(({ subject }) => subject.id.toLowerCase().includes(wanted.toLowerCase()))
  return (
    <>
      <DataTable
        name="access-list"
        label={t('list')}
        columns={columns}
        rows={found.slice(0, shownMax)}
        rowId={({ id }) => id}
        rowName={({ subject }) => subject.id}
        {...(entries.length > searchFrom && {
          tools: (
            <input
              type="search"
              aria-label={t('find')}
              placeholder={t('find')}
              value={wanted}
              onChange={({ target }) => address.set({ find: target.value }, { replace: true })}
            />
          ),
        })}
        {...(onChange &&
          onRemove && {
            actions: (entry: Entry) => (
              <ActionMenu
                label={common('more', { name: entry.subject.id })}
                actions={[
                  // An entry that gives nothing any more is given again, not changed.
                  { label: t('entry.change'), onSelect: () => onChange(entry) },
                  { label: t('remove.action'), onSelect: () => onRemove(entry), danger: true },
                ]}
              />
            ),
          })}
      />
      {found.length > shownMax && (
        <p className="quiet">{t('more', { shown: shownMax, count: found.length })}</p>
      )}
      {found.length === 0 && <p className="quiet">{t('notFound', { text: wanted })}</p>}
    </>
  )
}

function useColumns(): readonly Column<Entry>[] {
  const t = useTranslations('access')
  const valueText = useValueText()
  return useMemo(
    () => [
      {
        id: 'subject',
        title: t('subject'),
        isHeading: true,
        cell: ({ subject }) => <code>{subject.id}</code>,
      },
      {
        id: 'permissions',
        title: t('permissions'),
        cell: ({ permissions }) =>
          permissions === null
            ? t('allPermissions')
            : permissions.map((each) => valueText('AccessListPermission', each)).join(', '),
      },
      {
        id: 'context',
        title: t('context'),
        cell: ({ context }) =>
          context === null ? (
            <span className="quiet">{t('anyContext')}</span>
          ) : (
            <span className="label-list">
              {context.map(({ name, value }) => (
                <code key={name}>{`${name}=${value}`}</code>
              ))}
            </span>
          ),
      },
      {
        id: 'expiresAt',
        title: t('expiresAt'),
        cell: ({ expiresAt, expired }) =>
          expiresAt === null ? (
            <span className="quiet">{t('unlimited')}</span>
          ) : (
            <>
              {expired && (
                <>
                  <Badge tone="bad">{t('expired')}</Badge>{' '}
                </>
              )}
              <Moment at={expiresAt} />
            </>
          ),
      },
      { id: 'note', title: t('note'), cell: ({ note }) => note },
    ],
    [t, valueText],
  )
}
