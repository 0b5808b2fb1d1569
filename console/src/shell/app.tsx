import { CSPProvider } from '@base-ui/react/csp-provider'
import { Suspense, useMemo, useState } from 'react'
import { type CombinedError, Provider } from 'urql'
import { useTranslations } from 'use-intl'
import { Route, Switch } from 'wouter'
import { createClient } from '../api/client.ts'
import { LiveChanges } from '../api/live.tsx'
import { Loading } from '../design/loading.tsx'
import { Toasts } from '../design/toasts.tsx'
import { personaChoice } from './account-menu.tsx'
import { FailureBoundary, ProblemBanner } from './failure.tsx'
import { Header } from './header.tsx'
import { NotFound } from './not-found.tsx'
import { type Persona, tokensOf } from './personas.ts'
import { routes } from './routes.tsx'

/** The console: who one is, and the page at the address. */
export function App() {
  const [persona, setPersona] = useState<Persona>('member')
  const [problem, setProblem] = useState<CombinedError | null>(null)
  const [attempt, setAttempt] = useState(0)
  const client = useMemo(() => createClient(tokensOf(persona), setProblem), [persona])

  function switchTo(next: Persona) {
    setProblem(null)
    setPersona(next)
  }
  function retry() {
    setProblem(null)
    setAttempt(attempt + 1)
  }

  return (
    // No <style> elements: the policy of the page forbids them.
    <CSPProvider disableStyleElements>
      <personaChoice.Provider value={{ persona, choose: switchTo }}>
        {/* For another user all starts anew: nothing that the one before saw or typed stays. */}
        <Provider value={client} key={persona}>
          <Toasts>
            <LiveChanges>
              <SkipLink />
              <Header />
              <main id="content" className="main" tabIndex={-1}>
                {problem && (
                  <ProblemBanner error={problem} onRetry={retry} onDismiss={() => setProblem(null)} />
                )}
                <FailureBoundary>
                  <Suspense fallback={<Loading />}>
                    <Switch key={attempt}>
                      {routes.map(({ path, page }) => (
                        <Route key={path} path={path} component={page} />
                      ))}
                      <Route component={NotFound} />
                    </Switch>
                  </Suspense>
                </FailureBoundary>
              </main>
            </LiveChanges>
          </Toasts>
        </Provider>
      </personaChoice.Provider>
    </CSPProvider>
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
