import { useMemo } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { type Column, DataTable } from '../../../design/data-table.tsx'
import { Moment } from '../../../design/facts.tsx'
import { Empty } from '../../../design/notice.tsx'
import { VersionStatusBadge } from '../../../keys/badges.tsx'
import { EncryptionMeter } from '../../../keys/encryption-usage.tsx'
import type { VersionInUse } from './use-query.ts'

/** When each version was used last, and how much of its limit of encryptions is used up. */
export function VersionsInUse({ versions }: { readonly versions: readonly VersionInUse[] }) {
  const t = useTranslations('use')
  const common = useTranslations('common')
  const columns = useMemo<readonly Column<VersionInUse>[]>(
    () => [
      {
        id: 'version',
        title: t('version'),
        isHeading: true,
        cell: ({ number, isDefault }) => (
          <>
            {common('version', { number })} {isDefault && <span className="quiet">{t('default')}</span>}
          </>
        ),
      },
      {
        id: 'status',
        title: t('status'),
        cell: ({ versionStatus }) => <VersionStatusBadge status={versionStatus} />,
      },
      { id: 'lastUse', title: t('lastUse'), cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} /> },
      { id: 'limit', title: t('limit'), cell: ({ encryptionUsage }) => <Limit usage={encryptionUsage} /> },
    ],
    [t, common],
  )
  return versions.length === 0 ? (
    <Empty>
      <p>{t('noVersions')}</p>
    </Empty>
  ) : (
    <DataTable
      isShort
      name="versions-in-use"
      label={t('versions')}
      columns={columns}
      rows={versions}
      rowId={({ id }) => id}
      rowName={({ number }) => common('version', { number })}
    />
  )
}

/** How many encryptions of the limit are made, as words and as a bar. */
function Limit({ usage }: { readonly usage: VersionInUse['encryptionUsage'] }) {
  const t = useTranslations('use')
  const { number } = useFormatter()
  if (usage === null) return <span className="quiet">{t('noLimit')}</span>
  const { encryptions, remainingEncryptions } = usage
  const share = encryptions / (encryptions + remainingEncryptions)
  return (
    <span className="limit">
      <EncryptionMeter usage={usage} label={t('limit')} />
      <span className="quiet">
        {t('limitUsed', { share: number(share, { style: 'percent', maximumFractionDigits: 2 }) })}
      </span>
    </span>
  )
}
