import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { type Column, DataTable } from '../../design/data-table.tsx'
import { Moment } from '../../design/facts.tsx'
import { ActionMenu } from '../../design/menu.tsx'
import { useRoleText } from '../../keys/roles.ts'
import { useValueText } from '../../texts/values.ts'
import type { RoleBinding } from './role-bindings.ts'

/** Role bindings, with what to do with each. */
export function RoleTable(props: {
  readonly bindings: readonly RoleBinding[]
  readonly onChange: (binding: RoleBinding) => void
  readonly onUnbind: (binding: RoleBinding) => void
}) {
  const t = useTranslations('roles')
  const common = useTranslations('common')
  const valueText = useValueText()
  const columns = useColumns()
  const nameOf = ({ subject, role }: RoleBinding) => `${subject.id}, ${valueText('Role', role)}`
  return (
    <DataTable
      name="roles"
      label={t('list')}
      columns={columns}
      rows={props.bindings}
      rowId={({ id }) => id}
      rowName={nameOf}
      actions={(binding) => (
        <ActionMenu
          label={common('more', { name: nameOf(binding) })}
          actions={[
            { label: t('bind.change'), onSelect: () => props.onChange(binding) },
            { label: t('unbind.action'), onSelect: () => props.onUnbind(binding), danger: true },
          ]}
        />
      )}
    />
  )
}

function useColumns(): readonly Column<RoleBinding>[] {
  const t = useTranslations('roles')
  const valueText = useValueText()
  const roleText = useRoleText()
  return useMemo(
    () => [
      {
        id: 'subject',
        title: t('subject'),
        isHeading: true,
        cell: ({ subject }) => <code>{subject.id}</code>,
      },
      {
        id: 'role',
        title: t('role'),
        cell: ({ role }) => (
          <span className="block role-cell">
            {valueText('Role', role)}
            <span className="quiet block">{roleText(role)}</span>
          </span>
        ),
      },
      {
        id: 'expiresAt',
        title: t('expiresAt'),
        cell: ({ expiresAt }) =>
          expiresAt === null ? <span className="quiet">{t('unlimited')}</span> : <Moment at={expiresAt} />,
      },
      { id: 'note', title: t('note'), cell: ({ note }) => note },
      { id: 'createdBy', title: t('createdBy'), cell: ({ createdBy }) => <code>{createdBy.id}</code> },
      { id: 'createdAt', title: t('createdAt'), cell: ({ createdAt }) => <Moment at={createdAt} /> },
    ],
    [t, valueText, roleText],
  )
}
