import type { Session } from './session.ts'
import { signInAgain } from './session-store.ts'

/**
 * The tokens of one person. Another tab may have signed in somebody else meanwhile, so that a renewal gives a token of theirs:
 * what was begun as one person must not go on as another.
 */
export function tokensOf(
  session: Session,
  subject: string,
): Pick<Session, 'token' | 'renewAfterUnauthenticated'> {
  function own(token: string): string {
    const { state } = session
    if ('subject' in state && state.subject === subject) return token
    throw signInAgain('Somebody else has signed in.')
  }
  return {
    token: async () => own(await session.token()),
    renewAfterUnauthenticated: async (refused) => own(await session.renewAfterUnauthenticated(refused)),
  }
}
