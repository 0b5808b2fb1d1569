import type { TokenSource } from '../api/client.ts'

/** Who one can be in development mode; the server has a token for each. */
export const personas = [
  { name: 'admin', label: 'Ada, administrator' },
  { name: 'member', label: 'Max, member of the group payments' },
  { name: 'outsider', label: 'Olga, member on no access list' },
  { name: 'agent', label: 'Secrets Manager, a service' },
] as const

/** Name of one of the {@link personas}. */
export type Persona = (typeof personas)[number]['name']

/** Tokens of a persona. They stay in memory: the browser stores none. */
export function tokensOf(persona: Persona): TokenSource {
  let token: Promise<string> | null = null
  async function ask(): Promise<string> {
    const answer = await fetch(`/dev/tokens/${persona}`)
    if (answer.ok) return ((await answer.json()) as { token: string }).token
    throw new Error(
      'There is no token to be had. Is Keystead running in development mode? Start it with `npm start`.',
    )
  }
  return {
    token: () => {
      token ??= ask().catch((error: unknown) => {
        token = null
        throw error
      })
      return token
    },
    renew() {
      token = null
      return this.token()
    },
  }
}
