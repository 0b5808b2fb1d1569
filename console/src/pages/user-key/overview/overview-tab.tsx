import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { AboutSection } from './about-section.tsx'
import { AliasesSection } from './aliases-section.tsx'
import { LabelsSection } from './labels-section.tsx'
import { OwnerSection } from './owner-section.tsx'

/** Everything about a key that is not a list, and what can be changed of it. */
export function OverviewTab({ userKey }: { readonly userKey: DetailKey }) {
  const manages = userKey.viewerPermissions?.includes('MANAGE') ?? false
  return (
    <>
      <AboutSection userKey={userKey} manages={manages} />
      <div className="columns">
        <LabelsSection userKey={userKey} manages={manages} />
        <AliasesSection userKey={userKey} manages={manages} />
        <OwnerSection userKey={userKey} manages={manages} />
        {manages && <DeletionSection userKey={userKey} />}
      </div>
    </>
  )
}

/** Whether the key can be deleted, and if not, what must be done before. */
function DeletionSection({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('overview')
  return (
    <Section title={t('deletion')}>
      {userKey.deletable ? (
        <p>{t('deletable')}</p>
      ) : (
        <>
          <p>{t('notDeletable')}</p>
          <Link href={`/user-keys/${userKey.id}/versions`}>{t('goToVersions')}</Link>
        </>
      )}
    </Section>
  )
}
