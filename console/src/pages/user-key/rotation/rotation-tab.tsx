import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Button } from '../../../design/button.tsx'
import { Facts, Moment } from '../../../design/facts.tsx'
import { Empty } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import { RotationText } from '../../../keys/badges.tsx'
import type { DetailKey } from '../detail-key.ts'
import { AutomaticRotationDialog } from './automatic-rotation-dialog.tsx'
import { RotationHistory } from './rotation-history.tsx'

/** When the key gets its next version by itself, and how it got those that it has. */
export function RotationTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('rotation')
  const common = useTranslations('common')
  const [isEditing, setEditing] = useState(false)
  const { automaticRotation: rotation, viewerPermissions } = userKey
  const isPaused = rotation?.enabled === true && userKey.nextRotationAt === null
  return (
    <>
      <Section
        title={t('automatic')}
        actions={
          viewerPermissions?.includes('MANAGE') && (
            <Button onClick={() => setEditing(true)}>{common('edit')}</Button>
          )
        }
      >
        <p className="quiet">{t('intro')}</p>
        <Facts
          facts={[
            [t('state'), rotation?.enabled ? common('on') : common('off')],
            [t('cycle'), <RotationText key="cycle" rotation={rotation} />],
            [t('last'), <Moment key="last" at={userKey.lastRotatedAt} />],
            [
              t('next'),
              isPaused ? (
                <span key="paused">{userKey.defaultVersion === null ? t('noVersion') : t('paused')}</span>
              ) : (
                <Moment key="next" at={userKey.nextRotationAt} />
              ),
            ],
          ]}
        />
        {isEditing && <AutomaticRotationDialog userKey={userKey} onClose={() => setEditing(false)} />}
      </Section>
      <Section title={t('history')}>
        {viewerPermissions?.includes('READ_AUDIT') ? (
          <RotationHistory keyId={userKey.id} />
        ) : (
          <Empty>
            <p>{t('historyHidden')}</p>
            <Link href={`/user-keys/${userKey.id}/versions`}>{t('versions')}</Link>
          </Empty>
        )}
      </Section>
    </>
  )
}
