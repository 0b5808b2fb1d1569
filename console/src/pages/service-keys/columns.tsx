import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import type { Column } from '../../design/data-table.tsx'
import { CopyButton, Moment } from '../../design/facts.tsx'
import { KeyStatusBadge, RotationText } from '../../keys/badges.tsx'
import { algorithmName, useValueText } from '../../texts/values.ts'
import type { ListedServiceKey } from './service-keys.ts'

/** Columns of the list of service keys. */
export function useServiceKeyColumns(): readonly Column<ListedServiceKey>[] {
  const t = useTranslations('serviceKeys')
  const common = useTranslations('common')
  const valueText = useValueText()
  return useMemo(
    () => [
      {
        id: 'name',
        title: t('name'),
        isHeading: true,
        cell: ({ id, name }) => <Link href={`/service-keys/${id}`}>{name}</Link>,
      },
      {
        id: 'id',
        title: t('id'),
        cell: ({ id, partialId, name }) => (
          <span className="copy-text">
            <code title={id}>{partialId}</code>
            <CopyButton text={id} what={t('idOf', { name })} />
          </span>
        ),
      },
      { id: 'service', title: t('service'), cell: ({ service }) => service },
      {
        id: 'status',
        title: t('status'),
        cell: ({ status, cannotProtectReason }) => (
          <>
            {status && <KeyStatusBadge status={status} />}
            {status === 'ACTIVE' && cannotProtectReason && (
              <span className="quiet block">{valueText('CannotProtectReason', cannotProtectReason)}</span>
            )}
          </>
        ),
      },
      { id: 'type', title: t('type'), cell: ({ type }) => type && valueText('KeyType', type) },
      { id: 'usage', title: t('usage'), cell: ({ usage }) => usage && valueText('KeyUsage', usage) },
      {
        id: 'algorithm',
        title: t('algorithm'),
        cell: ({ algorithm }) => algorithm && algorithmName(algorithm),
      },
      {
        id: 'defaultVersion',
        title: t('defaultVersion'),
        cell: ({ defaultVersion }) => defaultVersion?.number ?? common('none'),
      },
      {
        id: 'rotation',
        title: t('rotation'),
        cell: ({ automaticRotation }) => <RotationText rotation={automaticRotation} />,
      },
      {
        id: 'lastRotatedAt',
        title: t('lastRotatedAt'),
        cell: ({ lastRotatedAt }) => <Moment at={lastRotatedAt} />,
      },
      {
        id: 'nextRotationAt',
        title: t('nextRotationAt'),
        cell: ({ nextRotationAt }) => <Moment at={nextRotationAt} />,
      },
      { id: 'createdAt', title: t('createdAt'), cell: ({ createdAt }) => <Moment at={createdAt} /> },
    ],
    [t, common, valueText],
  )
}
