import { useMemo, useState } from 'react'
import { type CombinedError, Provider } from 'urql'
import { Banner } from './components/banner.tsx'
import { Header } from './components/header.tsx'
import { createClient } from './graphql/create-client.ts'
import type { Persona } from './graphql/personas.ts'
import { useRoute } from './route.ts'
import { ServiceKeysPage } from './service-keys/service-keys-page.tsx'
import { UserKeysPage } from './user-keys/user-keys-page.tsx'

/** The console: one persona at a time, one page at a time. */
export function App() {
  const [persona, setPersona] = useState<Persona>('member')
  const [problem, setProblem] = useState<CombinedError | null>(null)
  const client = useMemo(() => createClient(persona, setProblem), [persona])
  const { page, item } = useRoute()

  function switchTo(next: Persona) {
    setProblem(null)
    setPersona(next)
  }

  return (
    // With another persona all starts anew: nothing that the one before saw or typed stays.
    <Provider value={client} key={persona}>
      <Header page={page} persona={persona} onPersona={switchTo} />
      {problem && <Banner error={problem} onDismiss={() => setProblem(null)} />}
      <main>{page === 'user-keys' ? <UserKeysPage item={item} /> : <ServiceKeysPage item={item} />}</main>
    </Provider>
  )
}
