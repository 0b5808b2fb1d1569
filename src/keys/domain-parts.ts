import type { KeyObject } from 'node:crypto'
import type { AuditKeys } from '../audit/audit-keys.ts'
import type { AuditWriter } from '../audit/writer.ts'
import type { Clock } from '../clock.ts'
import type { Envelope } from '../keyring/envelope.ts'
import type { IntegrityError } from '../keyring/integrity-error.ts'
import type { KeyCache } from '../keyring/key-cache.ts'
import type { PolicyMac } from '../keyring/policy-mac.ts'
import type { Store } from '../store/store.ts'
import type { UsageCounter } from './usage.ts'

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

/** What the domain is built from; `app` puts it together, and no part knows how the others are made. */
export interface DomainParts {
  readonly store: Store
  readonly envelope: Envelope
  readonly policyMac: PolicyMac
  /** Authenticates cursors. */
  readonly cursorMac: KeyObject
  readonly keys: KeyCache
  readonly audit: AuditWriter
  /** For the operator's commands on the audit trail. */
  readonly auditKeys: AuditKeys
  readonly usage: UsageCounter
  readonly clock: Clock
  readonly settings: DomainSettings
  /** Told of every row that does not verify, so that an operator hears of it even where callers see nothing. */
  readonly alert: (error: IntegrityError) => void
}
