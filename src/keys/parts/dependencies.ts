import type { KeyObject } from 'node:crypto'
import type { LRUCache } from 'lru-cache'
import type { AuditKeys } from '../../audit/chain.ts'
import type { AuditAction } from '../../audit/events.ts'
import type { AuditWriter } from '../../audit/write/writer.ts'
import type { GuardedClock } from '../../clock.ts'
import type { SlowWorkScheduler } from '../../crypto/slow-work.ts'
import type { ErrorCode } from '../../errors.ts'
import type { FairQueue } from '../../fair-queue.ts'
import type { Envelope } from '../../keyring/envelope.ts'
import type { IntegrityError } from '../../keyring/integrity-error.ts'
import type { KeyCache } from '../../keyring/key-cache.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import type { RootKeyProvider } from '../../keyring/root-key-provider.ts'
import type { Store } from '../../store/store.ts'
import type { CallerRoles } from './caller-roles.ts'
import type { KeyChanges } from './change-hub.ts'
import type { UsageCounter } from './usage-counter.ts'

/** Limits and defaults that the operator sets. */
export interface DomainSettings {
  /** IANA zone in which rotation days are counted. */
  readonly rotationTimeZone: string
  readonly destroyWaitingDaysDefault: number
  readonly destroyWaitingDaysMin: number
  /** Longest time for which a replica may still use a version after its deactivation was committed. */
  readonly revocationDelayMs: number
  readonly itemBytesMax: number
  readonly batchItemsMax: number
  readonly batchBytesMax: number
  /** Names of algorithms that new keys may have; empty for all. */
  readonly allowedAlgorithms: readonly string[]
  /** Names of the configured sinks of the audit trail, which must have a record before it is pruned. */
  readonly auditSinks: readonly string[]
}

/** A recorded operation, for metrics. Its values come from small sets, and never name a key, a project or a caller. */
export interface ObservedOperation {
  readonly action: AuditAction
  /** SUCCEEDED, or the code of the error. */
  readonly outcome: 'SUCCEEDED' | ErrorCode
  /** Algorithm of the key, if one was found. */
  readonly algorithm: string | null
  /** True for work that the system does by itself. */
  readonly automatic: boolean
  readonly destroyedVersions: number
  /** By the monotonic clock of this process. */
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** External parts that operations depend on. */
export type OutagePart = 'database' | 'auditTrail' | 'rootKey'

/** What the functions of `keys` depend on. Built once for a process, by `open-parts.ts`. */
export interface Dependencies {
  readonly store: Store
  /** For the operator's commands on root keys. Everything else goes through the envelope. */
  readonly rootKeys: RootKeyProvider
  readonly envelope: Envelope
  readonly policyMac: PolicyMac
  /** Authenticates cursors. */
  readonly cursorMac: KeyObject
  readonly keys: KeyCache
  readonly callerRoles: CallerRoles
  /** IDs of service keys in use, by project and name. */
  readonly serviceKeyIds: LRUCache<string, string>
  /** Source of changes for subscriptions. */
  readonly changes: KeyChanges
  readonly audit: AuditWriter
  /** For the operator's commands on the audit trail. */
  readonly auditKeys: AuditKeys
  readonly usage: UsageCounter
  /** Scheduler for slow work, fair among projects and callers. */
  readonly slowWork: SlowWorkScheduler
  /** For statements that read many rows, so that those of one project leave connections to the others. */
  readonly slowReads: FairQueue
  readonly clock: GuardedClock
  readonly settings: DomainSettings
  /** Receives each row that does not verify, for an alert to the operator. Callers may see nothing of it. */
  readonly alert: (error: IntegrityError) => void
  /** Receives the cause of an outage of the database, the audit trail or the root key. Must not throw. */
  readonly onOutage: (part: OutagePart, error: unknown) => void
  /** Receives recorded operations, those of one call together. Must not throw. */
  readonly observe: (operations: readonly ObservedOperation[]) => void
}
