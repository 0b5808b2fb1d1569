import type { KeyObject } from 'node:crypto'
import type { LRUCache } from 'lru-cache'
import type { AuditKeys } from '../../audit/chain-mac.ts'
import type { AuditAction } from '../../audit/events.ts'
import type { AuditWriter } from '../../audit/write/writer.ts'
import type { GuardedClock } from '../../clock.ts'
import type { SlowWorkScheduler } from '../../crypto/slow-work.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Envelope } from '../../keyring/envelope.ts'
import type { IntegrityError } from '../../keyring/integrity-error.ts'
import type { KeyCache } from '../../keyring/key-cache.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import type { RootKeyProvider } from '../../keyring/root-key-provider.ts'
import type { Store } from '../../store/store.ts'
import type { KeyChanges } from './change-hub.ts'
import type { UsageCounter } from './usage-counter.ts'

/** Limits and defaults that the operator sets. */
export interface DomainSettings {
  /** IANA zone in which rotation days are counted. */
  readonly rotationTimeZone: string
  readonly destroyWaitingDaysDefault: number
  readonly destroyWaitingDaysMin: number
  /** How long some replica may still use a version after its deactivation was committed. */
  readonly revocationDelayMs: number
  readonly itemBytesMax: number
  readonly batchItemsMax: number
  readonly batchBytesMax: number
  /** Names of algorithms that new keys may have; empty for all. */
  readonly allowedAlgorithms: readonly string[]
}

/**
 * Something that was attempted and is on record, as it is counted: what it was and how it went, from small sets of
 * values, and never whose key it was about or who asked.
 */
export interface ObservedOperation {
  readonly action: AuditAction
  /** SUCCEEDED, or the code of the error. */
  readonly outcome: 'SUCCEEDED' | ErrorCode
  /** Of the key, once there was one. */
  readonly algorithm: string | null
  /** Whether the server did it by itself. */
  readonly automatic: boolean
  readonly destroyedVersions: number
  /** Of the monotonic clock of this process. */
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** What operations need from outside of this process. */
export type OutagePart = 'database' | 'auditTrail' | 'rootKey'

/** What the domain is built from; `app` puts it together, and no part knows how the others are made. */
export interface DomainParts {
  readonly store: Store
  /** For the operator's commands on root keys; all else goes through the envelope. */
  readonly rootKeys: RootKeyProvider
  readonly envelope: Envelope
  readonly policyMac: PolicyMac
  /** Authenticates cursors. */
  readonly cursorMac: KeyObject
  readonly keys: KeyCache
  /** IDs of service keys in use, by project and name. */
  readonly serviceKeyIds: LRUCache<string, string>
  /** What streams hear of changes. */
  readonly changes: KeyChanges
  readonly audit: AuditWriter
  /** For the operator's commands on the audit trail. */
  readonly auditKeys: AuditKeys
  readonly usage: UsageCounter
  /** Work that takes long, shared fairly among projects and callers. */
  readonly slowWork: SlowWorkScheduler
  readonly clock: GuardedClock
  readonly settings: DomainSettings
  /** Told of every row that does not verify, so that an operator hears of it even where callers see nothing. */
  readonly alert: (error: IntegrityError) => void
  /** Told why the database, the audit trail or the root key cannot be used. Must not throw. */
  readonly onOutage: (part: OutagePart, error: unknown) => void
  /** Told of everything that was attempted, once it is on record: those of one call together. Must not throw. */
  readonly observe: (operations: readonly ObservedOperation[]) => void
}
