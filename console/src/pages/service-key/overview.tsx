import { useTranslations } from 'use-intl'
import { CopyText, Facts, Moment } from '../../design/facts.tsx'
import { Section } from '../../design/section.tsx'
import { KeyStatusBadge, RotationText } from '../../keys/badges.tsx'
import { algorithmName, useValueText } from '../../texts/values.ts'
import type { DetailServiceKey } from './service-key.ts'

/** What the service key is. */
export function ServiceKeyOverview({ serviceKey }: { readonly serviceKey: DetailServiceKey }) {
  const t = useTranslations('serviceKeys')
  const common = useTranslations('common')
  const valueText = useValueText()
  const { id, name, status, type, usage, algorithm, origin, defaultVersion } = serviceKey
  return (
    <Section title={t('about')}>
      <p className="quiet">{t('managedBySystem', { service: serviceKey.service })}</p>
      <Facts
        facts={[
          [t('name'), name],
          [t('id'), <CopyText key="id" text={id} what={t('idOf', { name })} />],
          [t('service'), serviceKey.service],
          [t('status'), status && <KeyStatusBadge status={status} />],
          [t('type'), type && valueText('KeyType', type)],
          [t('usage'), usage && valueText('KeyUsage', usage)],
          [t('algorithm'), algorithm && algorithmName(algorithm)],
          [t('origin'), origin && valueText('KeyOrigin', origin)],
          [
            t('defaultVersion'),
            defaultVersion ? common('version', { number: defaultVersion.number }) : common('none'),
          ],
          [t('rotation'), <RotationText key="rotation" rotation={serviceKey.automaticRotation} />],
          [t('lastRotatedAt'), <Moment key="last" at={serviceKey.lastRotatedAt} />],
          [t('nextRotationAt'), <Moment key="next" at={serviceKey.nextRotationAt} />],
          [t('createdAt'), <Moment key="created" at={serviceKey.createdAt} />],
        ]}
      />
    </Section>
  )
}
