import type { KeyObject } from 'node:crypto'
import type { ChainMac } from './chain-mac.ts'

/** Keys that verify and sign the audit trail. */
export interface AuditKeys {
  readonly chainMac: ChainMac
  /** Ed25519 private key. */
  readonly checkpointKey: KeyObject
  /** True if there may be records from before there were chains; otherwise a record without a chain is a forgery. */
  readonly predatesChains: boolean
}
