import { useTranslations } from 'use-intl'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'

export function ActivityTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('activity')
  return <Section title={t('title')}>{userKey.name}</Section>
}
