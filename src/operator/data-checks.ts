import { verifyAudit } from '../audit/verify/verify.ts'
import { within } from '../clock.ts'
import { counted } from '../counted.ts'
import { describeHold } from '../keys/housekeeping/clock-alert.ts'
import type { Dependencies } from '../keys/parts/dependencies.ts'
import { countByRootKey } from '../store/rows/wrapped-rows.ts'
import { type Check, failed, passed, warned } from './check.ts'

/** Parts of the domain that the checks read. */
export type CheckedParts = Pick<Dependencies, 'store' | 'rootKeys' | 'clock' | 'auditKeys' | 'policyMac'>

/** Names of the checks on opened data, in their order. */
export const dataCheckNames = ['clock', 'root-key', 'audit-trail'] as const

/** How long the audit trail is verified, in milliseconds. */
const auditMs = 5000
/** Timeout for the use of the root keys, in milliseconds. */
const rootKeyMs = 5000
/** Difference between the clocks of machine and database that is not reported, in milliseconds. */
const differenceMs = 5000
const findingsMax = 3

/** Checks opened data. Reads only. */
export async function checkData(parts: CheckedParts, signal: AbortSignal): Promise<readonly Check[]> {
  return [await checkClock(parts), await checkRootKey(parts), await checkAudit(parts, signal)]
}

async function checkClock({ clock, store }: CheckedParts): Promise<Check> {
  const name = 'clock'
  const hold = clock.hold()
  if (hold !== null) return failed(name, describeHold(hold), 'See docs/destruction.md.')
  const askedMs = Date.now()
  const toldMs = (await store.now()).getTime()
  const apartMs = toldMs - (askedMs + Date.now()) / 2
  if (Math.abs(apartMs) <= differenceMs) {
    return passed(name, "The database's clock is believed, and agrees with this machine's.")
  }
  return warned(
    name,
    `The database's clock is ${describeSeconds(apartMs)} this machine's. Tokens are checked with this machine's clock, everything else with the database's.`,
    'Synchronise both clocks (NTP), and that of the token issuer.',
  )
}

function describeSeconds(ms: number): string {
  return `${counted(Math.round(Math.abs(ms) / 1000), 'second')} ${ms > 0 ? 'ahead of' : 'behind'}`
}

async function checkRootKey({ store, rootKeys }: CheckedParts): Promise<Check> {
  const name = 'root-key'
  const uses = await countByRootKey(store.db)
  rootKeys.adoptNames(uses.map(({ rootKeyId }) => rootKeyId))
  const missing = uses.filter(({ rootKeyId }) => !rootKeys.rootKeyIds.includes(rootKeyId))
  if (missing.length > 0) {
    const versions = missing.reduce((sum, each) => sum + each.versions, 0)
    return failed(
      name,
      `${counted(versions, 'key version')} cannot be opened: they are wrapped by ${missing.map(({ rootKeyId }) => rootKeyId).join(', ')}, which the settings do not have.`,
      'Add the missing root key to the settings (docs/root-keys.md).',
    )
  }
  const trouble = await within(
    rootKeyMs,
    rootKeys.checkHealth().then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : 'unknown error'),
    ),
    () => 'there was no answer in time',
  )
  if (trouble !== null) {
    return failed(name, `The root key cannot be used: ${trouble}.`, 'See docs/root-keys.md.')
  }
  return passed(
    name,
    `${counted(rootKeys.rootKeyIds.length, 'root key')} can be used. ${rootKeys.current.rootKeyId} wraps new keys.`,
  )
}

/** Thrown when the time for the check is over. */
class EnoughError extends Error {}

async function checkAudit(
  { store, auditKeys: { chainMac, predatesChains }, policyMac }: CheckedParts,
  signal: AbortSignal,
): Promise<Check> {
  const name = 'audit-trail'
  const endsAtMs = performance.now() + auditMs
  let records = 0
  try {
    const report = await verifyAudit({
      db: store.db,
      chainMac,
      predatesChains,
      rowMacs: policyMac,
      onProgress(progress) {
        signal.throwIfAborted()
        records = progress.records
        if (performance.now() > endsAtMs) throw new EnoughError()
      },
    })
    const { findings, chains, keys } = report
    if (findings.length === 0) {
      return passed(
        name,
        `${counted(chains, 'chain')} with ${counted(report.records, 'record')}, and ${counted(keys, 'key')} verified.`,
      )
    }
    const first = findings.slice(0, findingsMax).map(({ text }) => text)
    return failed(
      name,
      `${counted(findings.length, 'finding')}: ${first.join('; ')}.`,
      'Run keystead audit verify, and read docs/audit.md about findings.',
    )
  } catch (error) {
    if (!(error instanceof EnoughError)) throw error
    return passed(
      name,
      `${counted(records, 'record')} verified in ${auditMs / 1000} seconds, without findings. keystead audit verify verifies all of them.`,
    )
  }
}
