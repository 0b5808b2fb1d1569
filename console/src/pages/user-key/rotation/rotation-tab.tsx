import { useTranslations } from 'use-intl'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'

export function RotationTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('rotation')
  return <Section title={t('title')}>{userKey.name}</Section>
}
