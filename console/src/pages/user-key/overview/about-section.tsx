import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Button } from '../../../design/button.tsx'
import { CopyText, Facts, Moment } from '../../../design/facts.tsx'
import { Section } from '../../../design/section.tsx'
import { KeyStatusBadge, RotationText } from '../../../keys/badges.tsx'
import { algorithmName, useValueText } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import { EditDialog } from './edit-dialog.tsx'

/** What the key is. */
export function AboutSection(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const t = useTranslations('overview')
  const common = useTranslations('common')
  const valueText = useValueText()
  const [isEditing, setEditing] = useState(false)
  const { status, type, usage, algorithm, origin, defaultVersion, decryptableInGraph } = userKey
  const tab = (path: string) => `/user-keys/${userKey.id}/${path}`
  const none = <span className="quiet">{common('none')}</span>
  return (
    <Section
      title={t('about')}
      actions={manages && <Button onClick={() => setEditing(true)}>{common('edit')}</Button>}
    >
      <Facts
        facts={[
          [t('name'), userKey.name],
          [t('id'), <CopyText key="id" text={userKey.id} what={t('id')} />],
          [t('description'), userKey.description || none],
          [t('status'), status && <KeyStatusBadge status={status} />],
          [t('usage'), usage && valueText('KeyUsage', usage)],
          [t('type'), type && valueText('KeyType', type)],
          [t('algorithm'), algorithm && algorithmName(algorithm)],
          [t('origin'), origin && valueText('KeyOrigin', origin)],
          [
            t('defaultVersion'),
            defaultVersion ? (
              <Link key="version" href={tab('versions')}>
                {common('version', { number: defaultVersion.number })}
              </Link>
            ) : (
              none
            ),
          ],
          origin === 'EXTERNAL'
            ? null
            : [
                t('rotation'),
                <Link key="rotation" href={tab('rotation')}>
                  <RotationText rotation={userKey.automaticRotation} />
                </Link>,
              ],
          [t('lastRotatedAt'), <Moment key="last" at={userKey.lastRotatedAt} />],
          origin === 'EXTERNAL'
            ? null
            : [t('nextRotationAt'), <Moment key="next" at={userKey.nextRotationAt} />],
          [
            t('accessControl'),
            <Link key="access" href={tab('access')}>
              {userKey.accessControlEnabled ? common('on') : common('off')}
            </Link>,
          ],
          isDecryptableInGraph(userKey)
            ? [t('decryptableInGraph'), decryptableInGraph ? common('on') : common('off')]
            : null,
          [t('createdAt'), <Moment key="created" at={userKey.createdAt} />],
          [t('createdBy'), <code key="creator">{userKey.createdBy.id}</code>],
          [t('updatedAt'), <Moment key="updated" at={userKey.updatedAt} />],
        ]}
      />
      {isEditing && (
        <EditDialog
          userKey={userKey}
          canBeDecryptable={isDecryptableInGraph(userKey)}
          onClose={() => setEditing(false)}
        />
      )}
    </Section>
  )
}

/** True for keys of the only kind with which queries may decrypt. */
const isDecryptableInGraph = ({ type, usage }: DetailKey) =>
  type === 'SYMMETRIC' && usage === 'ENCRYPT_DECRYPT'
