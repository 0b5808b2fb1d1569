import type { AuditEventRow } from '../../store/audit/event-rows.ts'
import type { AuditAction } from '../events.ts'

/** Actions that count as an encryption with the key version. */
const encryptingActions: ReadonlySet<string> = new Set<AuditAction>([
  'ENCRYPT',
  'RE_ENCRYPT',
  'GENERATE_DATA_KEY',
  'GENERATE_DATA_KEY_PAIR',
  'SERVICE_ENCRYPT',
  'SERVICE_GENERATE_DATA_KEY',
])

/** Encryptions on record by version, in memory: some hundred bytes for each version that was used. */
export interface EncryptionTally {
  /** Counts what verified records tell. */
  add(events: readonly AuditEventRow[]): void
  of(keyId: string, versionNumber: number): number
}

/** Starts at zero. */
export function createEncryptionTally(): EncryptionTally {
  const counts = new Map<string, number>()
  return {
    add(events) {
      for (const { action, outcome, keyId, versionNumber } of events) {
        if (keyId === null || outcome !== 'SUCCEEDED' || !encryptingActions.has(action)) continue
        const name = `${keyId} ${versionNumber}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    },
    of: (keyId, versionNumber) => counts.get(`${keyId} ${versionNumber}`) ?? 0,
  }
}
