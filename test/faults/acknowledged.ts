import type { Client } from '../support/story.ts'
import { findCiphertextFaults } from './check-ciphertexts.ts'
import { findKeyFaults } from './check-keys.ts'
import type { Ledger } from './ledger.ts'
import { patientOf } from './patient-client.ts'

/** Something that was acknowledged is missing or wrong; the message says what. */
export class LostError extends Error {}

/** Most faults that a message names. */
const faultsNamedMax = 50

/**
 * Counts faults as lost in the ledger.
 *
 * @throws LostError naming them if there are any
 */
export function throwIfLost(ledger: Ledger, faults: readonly string[]): void {
  ledger.lost += faults.length
  if (faults.length === 0) return
  throw new LostError(`${faults.length} faults:\n${faults.slice(0, faultsNamedMax).join('\n')}`)
}

/** How a check is done. */
export interface CheckOptions {
  /** How long servers may use what they have read before: CACHE_LIFETIME_MS of theirs. 500 if not given. */
  readonly cacheLifetimeMs?: number
}

/**
 * Checks through the API that everything acknowledged is there and that nothing is there by halves, and settles what was
 * in doubt. Nobody may be changing anything meanwhile but the system.
 *
 * @throws LostError, as `throwIfLost` does
 */
export async function expectAllThere(
  given: Client,
  ledger: Ledger,
  { cacheLifetimeMs = 500 }: CheckOptions = {},
): Promise<{ acknowledged: number; lost: number }> {
  const client = patientOf(given)
  const keyFaults = await findKeyFaults(client, ledger)
  // What was changed on one replica counts on all others from then on, so that no answer below is excused by a cache.
  await new Promise((resolve) => setTimeout(resolve, cacheLifetimeMs))
  const faults = [...keyFaults, ...(await findCiphertextFaults(client, ledger))]
  throwIfLost(ledger, faults)
  return { acknowledged: ledger.acknowledged(), lost: faults.length }
}
