import { useTranslations } from 'use-intl'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'

export function VersionsTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('versions')
  return <Section title={t('title')}>{userKey.name}</Section>
}
