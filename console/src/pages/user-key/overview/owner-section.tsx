import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useViewer, type Viewer } from '../../../api/viewer.ts'
import { Button } from '../../../design/button.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { TransferDialog } from './transfer-dialog.tsx'

/** Who owns the key, for owners and managers with a way to give it to somebody else. */
export function OwnerSection(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const t = useTranslations('overview')
  const viewer = useViewer()
  const [isTransferring, setTransferring] = useState(false)
  const own = subjectsOf(viewer)
  const owner = userKey.owner?.id ?? ''
  const isOwner = own.includes(owner)
  return (
    <Section
      title={t('owner')}
      actions={(manages || isOwner) && <Button onClick={() => setTransferring(true)}>{t('transfer')}</Button>}
    >
      <p>
        <code>{owner}</code> {isOwner && <span className="quiet">{t('ownerIsYou')}</span>}
      </p>
      <p className="quiet">{t('ownerText')}</p>
      {isTransferring && (
        <TransferDialog
          userKey={userKey}
          isOwner={isOwner}
          ownSubjects={own}
          onClose={() => setTransferring(false)}
        />
      )}
    </Section>
  )
}

/** The subjects that the viewer is: itself and its groups. */
const subjectsOf = (viewer: Viewer | null): readonly string[] =>
  viewer ? [viewer.subject.id, ...viewer.groups.map((group) => `group:${group}`)] : []
