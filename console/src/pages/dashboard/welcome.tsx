import { useTranslations } from 'use-intl'
import type { Viewer } from '../../api/viewer.ts'
import { LinkButton } from '../../design/button.tsx'
import { Section } from '../../design/section.tsx'

/** For a project without keys: what to do first, as far as the viewer may. */
export function Welcome({ viewer }: { readonly viewer: Viewer | null }) {
  const t = useTranslations('dashboard')
  const mayCreate = viewer?.permissions.includes('CREATE') ?? false
  return (
    <Section title={t('welcome')}>
      <p>{t('welcomeText')}</p>
      <ol className="steps">
        <li>{mayCreate ? t('stepCreate') : t('stepAsk')}</li>
        <li>{t('stepUse')}</li>
        <li>{t('stepWatch')}</li>
      </ol>
      <div className="buttons">
        {mayCreate && (
          <LinkButton kind="primary" href="/user-keys/new">
            {t('create')}
          </LinkButton>
        )}
        <LinkButton href="/me">{t('myAccess')}</LinkButton>
      </div>
    </Section>
  )
}
