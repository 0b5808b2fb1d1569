import { type ReactNode, useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import type { Column } from '../../design/data-table.tsx'
import { CopyButton, Moment } from '../../design/facts.tsx'
import { Badge } from '../../design/notice.tsx'
import { HiddenValue, KeyStatusBadge, LabelList, NoAccess, RotationText } from '../../keys/badges.tsx'
import { algorithmName, useValueText } from '../../texts/values.ts'
import type { ListedKey } from './listed-key.ts'

/** The columns of the list. */
export function useKeyColumns(): readonly Column<ListedKey>[] {
  const t = useTranslations('userKeys')
  const common = useTranslations('common')
  const valueText = useValueText()
  return useMemo(() => {
    /** A column of something that is hidden where the viewer has no access. */
    const hidden = (
      id: string & Parameters<typeof t>[0],
      cell: (key: ListedKey) => ReactNode,
      more: Partial<Column<ListedKey>> = {},
    ): Column<ListedKey> => ({
      id,
      title: t(id),
      cell: (key) => (key.viewerCanAccess ? cell(key) : <HiddenValue />),
      ...more,
    })
    return [
      {
        id: 'name',
        title: t('name'),
        isHeading: true,
        sortBy: 'NAME',
        cell: ({ id, name }) => <Link href={`/user-keys/${id}`}>{name}</Link>,
      },
      {
        id: 'status',
        title: t('status'),
        cell: (key) => (key.viewerCanAccess ? <Status userKey={key} /> : <NoAccess />),
      },
      {
        id: 'id',
        title: t('id'),
        cell: ({ id, partialId, name, viewerCanAccess }) => (
          <span className="one-line">
            <code title={viewerCanAccess ? id : undefined}>{partialId}</code>
            {viewerCanAccess ? <CopyButton text={id} what={t('idOf', { name })} /> : <HiddenValue />}
          </span>
        ),
      },
      {
        id: 'description',
        title: t('description'),
        cell: ({ description }) => (
          <span className="clamped" title={description}>
            {description}
          </span>
        ),
      },
      {
        id: 'accessControl',
        title: t('accessControl'),
        cell: ({ accessControlEnabled }) => common(accessControlEnabled ? 'on' : 'off'),
      },
      hidden('type', ({ type }) => type && valueText('KeyType', type)),
      hidden('usage', ({ usage }) => usage && valueText('KeyUsage', usage)),
      hidden('algorithm', ({ algorithm }) => algorithm && algorithmName(algorithm)),
      hidden('defaultVersion', ({ defaultVersion }) => defaultVersion?.number ?? common('none')),
      hidden('automaticRotation', ({ automaticRotation }) => <RotationText rotation={automaticRotation} />),
      hidden('lastRotation', ({ lastRotatedAt }) => <Moment at={lastRotatedAt} none="never" onlyDay />),
      hidden('nextRotation', ({ nextRotationAt }) => <Moment at={nextRotationAt} onlyDay />, {
        sortBy: 'NEXT_ROTATION',
      }),
      {
        id: 'createdAt',
        title: t('createdAt'),
        sortBy: 'CREATED_AT',
        cell: ({ createdAt }) => <Moment at={createdAt} />,
      },
      { id: 'createdBy', title: t('createdBy'), cell: ({ createdBy }) => createdBy.id },
      hidden('owner', ({ owner }) => owner?.id, { optional: true }),
      hidden('origin', ({ origin }) => origin && valueText('KeyOrigin', origin), { optional: true }),
      hidden('labels', ({ labels }) => <LabelList labels={labels ?? []} />, { optional: true }),
      hidden('aliases', ({ aliases }) => aliases?.join(', '), { optional: true }),
      hidden('lastUse', ({ defaultVersion }) => <Moment at={defaultVersion?.lastUsedAt} none="never" />, {
        optional: true,
      }),
    ]
  }, [t, common, valueText])
}

/** The status, and a warning where an active key cannot do its work. */
function Status({ userKey }: { readonly userKey: ListedKey }) {
  const t = useTranslations('userKeys')
  const valueText = useValueText()
  const { status, canProtect, cannotProtectReason } = userKey
  if (status === null) return null
  const isBlocked = status === 'ACTIVE' && canProtect === false
  return (
    <span className="stacked">
      <KeyStatusBadge status={status} />
      {isBlocked && (
        <span title={cannotProtectReason ? valueText('CannotProtectReason', cannotProtectReason) : undefined}>
          <Badge tone="waiting">{t('cannotProtect')}</Badge>
        </span>
      )}
    </span>
  )
}
