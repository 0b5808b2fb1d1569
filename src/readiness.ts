import type { DomainParts, OutagePart } from './keys/parts/parts.ts'
import { NoAnswerError, type Outages } from './outages.ts'
import type { Part } from './server/http/health.ts'
import { within } from './timeout.ts'

/** How long a part may take to say that it works, in milliseconds. */
const checkTimeoutMs = 5000

/**
 * Builds what says which parts keep a server from its work. Whoever asks while it is found out gets the same answer:
 * anybody may ask, and the answer costs a few statements.
 */
export function createReadiness(
  { store, audit, rootKeys }: Pick<DomainParts, 'store' | 'audit' | 'rootKeys'>,
  outages: Outages,
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
    // Without a database there is no trail, and one reason is enough.
    const hasTrail = !hasDatabase || (await works('auditTrail', () => audit.checkWritable()))
    const parts: [Part, boolean][] = [
      ['database', hasDatabase],
      ['auditTrail', hasTrail],
      ['rootKey', hasRootKey],
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
