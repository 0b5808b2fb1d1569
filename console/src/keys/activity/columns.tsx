import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import type { Column } from '../../design/data-table.tsx'
import { Moment } from '../../design/facts.tsx'
import { Badge } from '../../design/notice.tsx'
import { useValueText } from '../../texts/values.ts'
import { LabelList } from '../badges.tsx'
import type { ActivityEvent } from './events.ts'
import { outcomeTones } from './words.ts'

/** Columns of the trail; the key is one where it is not the same in all rows. */
export function useActivityColumns(ofSeveralKeys: boolean): readonly Column<ActivityEvent>[] {
  const t = useTranslations('activity')
  const valueText = useValueText()
  return useMemo(() => {
    const key: Column<ActivityEvent> = {
      id: 'key',
      title: t('key'),
      cell: (event) => <EventKey event={event} />,
    }
    return [
      {
        id: 'action',
        title: t('action'),
        isHeading: true,
        cell: ({ action }) => valueText('AuditAction', action),
      },
      { id: 'at', title: t('at'), cell: ({ occurredAt }) => <Moment at={occurredAt} precise /> },
      { id: 'outcome', title: t('outcome'), cell: (event) => <Outcome event={event} /> },
      { id: 'actor', title: t('actor'), cell: (event) => <Actor event={event} /> },
      ...(ofSeveralKeys ? [key] : []),
      { id: 'versions', title: t('versions'), cell: ({ versionNumbers }) => versionNumbers.join(', ') },
      {
        id: 'context',
        title: t('context'),
        cell: ({ context }) => <LabelList labels={context} />,
      },
      { id: 'address', title: t('address'), optional: true, cell: ({ clientAddress }) => clientAddress },
      {
        id: 'request',
        title: t('request'),
        optional: true,
        cell: ({ requestId }) => <code>{requestId}</code>,
      },
    ]
  }, [t, valueText, ofSeveralKeys])
}

/** Who acted: the name in its token, if there was one, and the subject. */
function Actor({ event: { actor, actorDisplayName } }: { readonly event: ActivityEvent }) {
  return (
    <>
      {actorDisplayName !== null && <span className="block">{actorDisplayName}</span>}
      <span className={actorDisplayName === null ? undefined : 'quiet'}>{actor.id}</span>
    </>
  )
}

/** How it ended, and why where it did not succeed. */
function Outcome({ event: { outcome, errorCode } }: { readonly event: ActivityEvent }) {
  const valueText = useValueText()
  return (
    <>
      <Badge tone={outcomeTones[outcome]}>{valueText('AuditOutcome', outcome)}</Badge>
      {errorCode !== null && <span className="quiet block">{valueText('ErrorCode', errorCode)}</span>}
    </>
  )
}

/** The key: a link while there is one. */
function EventKey({ event: { keyName, liveKey } }: { readonly event: ActivityEvent }) {
  const t = useTranslations('activity')
  if (liveKey !== null) return <Link href={keyAddress(liveKey)}>{liveKey.name}</Link>
  return keyName === null ? null : (
    <>
      {keyName} <span className="quiet">{t('deletedKey')}</span>
    </>
  )
}

/** Where the page of a key is. */
export const keyAddress = ({ id }: { readonly id: string }): string =>
  `/${id.startsWith('skey_') ? 'service-keys' : 'user-keys'}/${id}`
