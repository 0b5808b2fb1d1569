import { setTimeout as sleep } from 'node:timers/promises'
import { dayMs, type GuardedClock } from '../../clock.ts'
import { newOpaqueUuid } from '../../ids.ts'
import { findDoneAt, isDueAgain, noteDone, releaseLease, takeLease } from '../../store/leases.ts'
import type { Store } from '../../store/store.ts'
import type { AuditKeys } from '../chain.ts'
import type { AuditWriter } from '../write/writer.ts'
import { PruneError, type PruneReport, pruneAudit } from './prune.ts'

/** Options of retention. */
export interface RetentionOptions {
  readonly store: Store
  readonly clock: GuardedClock
  readonly keys: AuditKeys
  readonly audit: AuditWriter
  /** Records that are older than this many days go. */
  readonly days: number
  /** Sinks that must have a record before it goes. */
  readonly sinks: readonly string[]
  /** Interval in which a server looks whether it is its turn. */
  readonly intervalMs: number
  readonly onPruned: (report: PruneReport) => void
  /** Called with the reason if the trail does not verify. Nothing is pruned then, and it is tried again after a day. */
  readonly onRefused: (reason: string) => void
  /** Called with anything else that failed. It is tried again after the interval. */
  readonly onError: (error: unknown) => void
}

/** Prunes in the background. */
export interface Retention {
  /** Ends after the step under way. */
  stop(): Promise<void>
}

const leaseName = 'audit-retention'
/** A step takes less, and each step renews the lease. */
const leaseSeconds = 600

/** Prunes the trail once a day, on one server of the installation. */
export function startRetention(options: RetentionOptions): Retention {
  const { onPruned, onRefused, onError, intervalMs } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const holder = newOpaqueUuid()
  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        const report = await pruneIfDue(options, { holder, signal })
        if (report !== null) onPruned(report)
      } catch (error) {
        if (error instanceof PruneError) onRefused(error.message)
        else if (!signal.aborted) onError(error)
      }
      await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Null if it is not due, or another server does it. */
async function pruneIfDue(
  { store, clock, keys, audit, days, sinks }: RetentionOptions,
  { holder, signal }: { readonly holder: string; readonly signal: AbortSignal },
): Promise<PruneReport | null> {
  const { db } = store
  const lease = { name: leaseName, holder }
  const isDue = async () => isDueAgain(await findDoneAt(db, leaseName), clock.certainNow(), dayMs)
  const renew = () => takeLease(db, { ...lease, seconds: leaseSeconds })
  // Asked again with the lease: another server may just have finished.
  if (!(await isDue()) || !(await renew()) || !(await isDue())) return null
  let renewedAtMs = performance.now()
  try {
    const report = await pruneAudit({
      store,
      clock,
      audit,
      chainMac: keys.chainMac,
      olderThanDays: days,
      sinks,
      async onStep() {
        signal.throwIfAborted()
        if (performance.now() - renewedAtMs < (leaseSeconds * 1000) / 10) return
        if (!(await renew())) throw new PruneError('Pruning stopped: another server has taken it over.')
        renewedAtMs = performance.now()
      },
    })
    await noteDone(db, lease, clock.certainNow())
    return report
  } catch (error) {
    // A trail that does not verify is not read as a whole in each interval.
    if (error instanceof PruneError) await noteDone(db, lease, clock.certainNow())
    throw error
  } finally {
    await releaseLease(db, lease).catch(() => {})
  }
}
