import { fetchMissingKeys } from './auth/jwks.ts'
import type { TrustedIssuer } from './auth/trusted-issuer.ts'
import { within } from './clock.ts'
import type { Dependencies, OutagePart } from './keys/parts/dependencies.ts'
import { NoAnswerError, type Outages } from './outages.ts'
import type { Part } from './server/http/health.ts'

/** Timeout of the check of a part, in milliseconds. */
const checkTimeoutMs = 5000

/**
 * Builds the readiness check, which resolves to the parts that do not work. Concurrent calls share one check: anyone may ask,
 * and it costs a few statements.
 */
export function createReadiness(
  { store, audit, rootKeys }: Pick<Dependencies, 'store' | 'audit' | 'rootKeys'>,
  outages: Outages,
  issuers: readonly Pick<TrustedIssuer, 'keySource'>[],
): () => Promise<readonly Part[]> {
  let finding: Promise<readonly Part[]> | null = null

  async function works(part: OutagePart, check: () => Promise<unknown>): Promise<boolean> {
    try {
      await within(checkTimeoutMs, check(), () => {
        throw new NoAnswerError()
      })
      return true
    } catch (error) {
      outages.report(part, error)
      return false
    }
  }

  async function find(): Promise<readonly Part[]> {
    const [hasDatabase, hasRootKey] = await Promise.all([
      works('database', () => store.now()),
      works('rootKey', () => rootKeys.checkHealth()),
    ])
    const keyless = fetchMissingKeys(issuers)
    // Without the database the trail cannot work, and one reason is enough.
    const hasTrail = !hasDatabase || (await works('auditTrail', () => audit.checkWritable()))
    const parts: [Part, boolean][] = [
      ['database', hasDatabase],
      ['auditTrail', hasTrail],
      ['rootKey', hasRootKey],
      ['issuers', keyless < issuers.length],
      ['someIssuers', keyless === 0 || keyless === issuers.length],
    ]
    return parts.filter(([, isGood]) => !isGood).map(([part]) => part)
  }

  return () => {
    finding ??= find().finally(() => {
      finding = null
    })
    return finding
  }
}
