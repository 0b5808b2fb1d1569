import { createContext, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../design/button.tsx'
import { Notice } from '../design/notice.tsx'
import type { LoginFailure, Session, SessionState } from '../session/session.ts'

/** The session of the page. */
export const currentSession = createContext<Session | null>(null)

const noSession = { state: null, subscribe: () => () => {} }

/** The state of a session, as it changes. */
export function useSessionState(session: Session): SessionState
export function useSessionState(session: Session | null): SessionState | null
export function useSessionState(session: Session | null): SessionState | null {
  const { subscribe } = session ?? noSession
  return useSyncExternalStore(subscribe, () => (session ?? noSession).state)
}

/** Texts of failures that the console words itself; others come from the server. */
const failureTexts = {
  'not-accepted': 'notAccepted',
  'not-started-here': 'notStartedHere',
  'close-window': 'closeWindow',
  'pop-up-blocked': 'popUpBlocked',
  'sign-out-incomplete': 'signOutIncomplete',
  unavailable: 'providerUnavailable',
} as const satisfies Partial<Record<LoginFailure['code'], string>>

/** Asks to sign in, and says why that failed: in place of the pages, or above one whose session has expired. */
export function SignIn({ session }: { readonly session: Session }) {
  const t = useTranslations('app')
  const failed = useTranslations('login')
  const state = useSessionState(session)
  if (state.kind === 'signingIn') return <Notice tone="quiet">{failed('signingIn')}</Notice>
  const isExpired = state.kind === 'expired'
  const failure = isExpired ? state.failure : state.kind === 'failed' ? state.reason : null
  const isLast = failure?.code === 'unavailable' && failure.retryAfterSeconds === undefined
  return (
    <section className="banner" aria-label={t('signIn')}>
      <p>{isExpired ? t('expired') : failed('intro')}</p>
      {failure && (
        <Notice tone="bad">
          {failure.code === 'refused'
            ? failure.message
            : failed(isLast ? 'stillUnavailable' : failureTexts[failure.code])}
        </Notice>
      )}
      <Button kind="primary" onClick={() => void session.signIn({ popup: isExpired })}>
        {isExpired ? t('signInAgain') : t('signIn')}
      </Button>
    </section>
  )
}
