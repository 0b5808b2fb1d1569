import type { Session } from './session.ts'
import type { DevelopmentSettings } from './settings.ts'

/** Builds the session of development mode: one persona at a time, with tokens that the server gives to anyone. */
export function createDevelopmentSession({ personas }: DevelopmentSettings): Session {
  const listeners = new Set<() => void>()
  const stateOf = (persona: string) => ({ kind: 'signedIn', name: persona, subject: persona }) as const
  let state = stateOf(personas.find((each) => each === 'member') ?? personas[0] ?? '')
  let pending: Promise<string> | null = null

  async function askForToken(persona: string): Promise<string> {
    const answer = await fetch(`/dev/tokens/${persona}`)
    if (answer.ok) return ((await answer.json()) as { token: string }).token
    throw new Error(
      'There is no token to be had. Is Keystead running in development mode? Start it with `npm start`.',
    )
  }

  function token(): Promise<string> {
    const asked = pending ?? askForToken(state.subject)
    pending = asked
    asked.catch(() => {
      if (pending === asked) pending = null
    })
    return asked
  }

  // Before anything asks for it, so that the first request need not wait.
  void token().catch(() => undefined)

  return {
    get state() {
      return state
    },
    subscribe(onChange) {
      listeners.add(onChange)
      return () => listeners.delete(onChange)
    },
    token,
    async renewAfterUnauthenticated(refusedToken) {
      const current = await token()
      if (current !== refusedToken) return current
      // The token has expired, or the server was started again and has a new key.
      pending = null
      return token()
    },
    providerToSignOutAt: async () => null,
    signIn: async () => {},
    signOut: async () => {},
    development: {
      personas,
      choose(persona) {
        pending = null
        state = stateOf(persona)
        for (const tell of listeners) tell()
      },
    },
  }
}
