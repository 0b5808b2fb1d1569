import { useTranslations } from 'use-intl'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'

export function ImportTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('import')
  return <Section title={t('title')}>{userKey.name}</Section>
}
