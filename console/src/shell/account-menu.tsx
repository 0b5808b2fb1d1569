import { use, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useViewer } from '../api/viewer.ts'
import { ActionMenu } from '../design/menu.tsx'
import type { Session } from '../session/session.ts'
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
      {viewer && <code className="viewer">{viewer.subject.id}</code>}
      {!development && session && who && <SignOutMenu session={session} name={who.name} />}
    </>
  )
}

/** The name of whoever is signed in, which opens the ways to sign out: here, or also at the provider, where it has a page for that. */
function SignOutMenu({ session, name }: { readonly session: Session; readonly name: string }) {
  const t = useTranslations('app')
  const [provider, setProvider] = useState<string | null>(null)
  return (
    <ActionMenu
      label={t('account', { name })}
      // Where the provider cannot be asked, one can still sign out here.
      onOpen={() => void session.providerToSignOutAt().then(setProvider, () => setProvider(null))}
      actions={[
        { label: t('signOut'), onSelect: () => void session.signOut() },
        ...(provider === null
          ? []
          : [
              {
                label: t('signOutAtProvider', { provider }),
                onSelect: () => void session.signOut({ atProvider: true }),
              },
            ]),
      ]}
    >
      <span>{name}</span> <span aria-hidden="true">▾</span>
    </ActionMenu>
  )
}
