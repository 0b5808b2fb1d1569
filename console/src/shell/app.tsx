import { CSPProvider } from '@base-ui/react/csp-provider'
import { useMemo, useState } from 'react'
import { type CombinedError, Provider } from 'urql'
import { useTranslations } from 'use-intl'
import { Route, Switch } from 'wouter'
import { createClient } from '../api/client.ts'
import { LiveChanges } from '../api/live.tsx'
import { Toasts } from '../design/toasts.tsx'
import { tokensOf } from '../session/one-person.ts'
import type { Session } from '../session/session.ts'
import { FailureBoundary, ProblemBanner } from './failure.tsx'
import { Header } from './header.tsx'
import { NotFound } from './not-found.tsx'
import { routes } from './routes.tsx'
import { currentSession, SignIn, useSessionState } from './sign-in.tsx'

/** The console: who one is, and the page at the address. */
export function App({ session }: { readonly session: Session }) {
  const state = useSessionState(session)
  return (
    // No <style> elements: the policy of the page forbids them.
    <CSPProvider disableStyleElements>
      <currentSession.Provider value={session}>
        {state.kind === 'signedIn' || state.kind === 'expired' ? (
          <>
            {state.kind === 'expired' && <SignIn session={session} />}
            {/* For another user all starts anew: nothing that the one before saw or typed stays. */}
            <Signed key={state.subject} session={session} subject={state.subject} />
          </>
        ) : (
          <main className="main">
            <SignIn session={session} />
          </main>
        )}
      </currentSession.Provider>
    </CSPProvider>
  )
}

/** The page at the address, for somebody who is signed in. */
function Signed({ session, subject }: { readonly session: Session; readonly subject: string }) {
  const [problem, setProblem] = useState<CombinedError | null>(null)
  const [attempt, setAttempt] = useState(0)
  const client = useMemo(
    () =>
      createClient(tokensOf(session, subject), (error) =>
        // What was refused stays until it is read. That the server cannot be reached is over when it answers.
        setProblem((before) => error ?? (before?.networkError ? null : before)),
      ),
    [session, subject],
  )

  function retry() {
    setProblem(null)
    setAttempt(attempt + 1)
  }

  return (
    <Provider value={client}>
      <Toasts>
        <LiveChanges>
          <SkipLink />
          <Header />
          <main id="content" className="main" tabIndex={-1}>
            {problem && <ProblemBanner error={problem} onRetry={retry} onDismiss={() => setProblem(null)} />}
            <FailureBoundary>
              <Switch key={attempt}>
                {routes.map(({ path, page }) => (
                  <Route key={path} path={path} component={page} />
                ))}
                <Route component={NotFound} />
              </Switch>
            </FailureBoundary>
          </main>
        </LiveChanges>
      </Toasts>
    </Provider>
  )
}

function SkipLink() {
  const t = useTranslations('app')
  return (
    <a className="skip" href="#content">
      {t('skip')}
    </a>
  )
}
