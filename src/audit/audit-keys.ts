import type { KeyObject } from 'node:crypto'
import type { ChainMac } from './chain-mac.ts'

/** What the audit trail is checked and vouched for with. */
export interface AuditKeys {
  readonly chainMac: ChainMac
  /** Ed25519 private key. */
  readonly checkpointKey: KeyObject
  /** Whether there may be records from before there were chains; otherwise a record without a chain is a forgery. */
  readonly predatesChains: boolean
}
