import { createRenewedGrants, type Grant } from '../auth/renewals.ts'
import type { Handlers } from './channel.ts'

/** Lets one worker at a time renew a login, and gives its grant to the others. */
export interface RenewalDesk {
  /** Answers to the questions of a worker. */
  handlersFor(worker: number): Handlers
  /** Ends the renewals of a worker that is gone: others may try. */
  release(worker: number): void
}

/** Builds the desk of the primary process, which keeps grants for as long as one process would. */
export function createRenewalDesk(): RenewalDesk {
  const grants = createRenewedGrants()
  const claims = new Map<string, PromiseWithResolvers<void> & { readonly worker: number }>()
  /** Workers that are gone: what they have asked for before must not be theirs. */
  const gone = new Set<number>()

  function settle(name: string): void {
    claims.get(name)?.resolve()
    claims.delete(name)
  }

  return {
    handlersFor: (worker) => ({
      async claim(value): Promise<Grant | null> {
        const name = String(value)
        for (let claim = claims.get(name); claim !== undefined; claim = claims.get(name)) await claim.promise
        if (gone.has(worker)) return null
        const done = grants.get(name)
        if (done === null) claims.set(name, { worker, ...Promise.withResolvers<void>() })
        return done
      },
      settle(value) {
        const { name, grant } = value as { readonly name: string; readonly grant: Grant | null }
        if (grant !== null) grants.set(name, grant)
        settle(name)
      },
      async find(value) {
        await claims.get(String(value))?.promise
        return grants.get(String(value))
      },
      forget: (value) => grants.forget(String(value)),
    }),
    release(worker) {
      gone.add(worker)
      for (const [name, claim] of claims) if (claim.worker === worker) settle(name)
    },
  }
}
