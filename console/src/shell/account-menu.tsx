import { use } from 'react'
import { useTranslations } from 'use-intl'
import { useViewer } from '../api/viewer.ts'
import { Button } from '../design/button.tsx'
import { personas } from './personas.ts'
import { currentSession, useSessionState } from './sign-in.tsx'

/** Who one is, and how to sign out. In development mode, the choice of a persona. */
export function AccountMenu() {
  const t = useTranslations('app')
  const viewer = useViewer()
  const session = use(currentSession)
  const state = useSessionState(session)
  const who = state?.kind === 'signedIn' || state?.kind === 'expired' ? state : null
  const development = session?.development
  return (
    <>
      {development && (
        <select
          aria-label={t('persona')}
          title={t('personaHint')}
          value={who?.subject}
          onChange={({ target }) => development.choose(target.value)}
        >
          {personas.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      )}
      {!development && who && <span>{who.name}</span>}
      {viewer && <code className="viewer">{viewer.subject.id}</code>}
      {!development && session && <Button onClick={() => void session.signOut()}>{t('signOut')}</Button>}
    </>
  )
}
