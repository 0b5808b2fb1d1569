import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../crypto/derive.ts'
import type { AuditChainRow } from '../store/audit/chain-rows.ts'
import type { AuditHead } from '../store/audit/event-rows.ts'
import type { PrunedRevision } from '../store/audit/pruned-rows.ts'
import { hex } from '../store/table.ts'

/** Makes and checks the MACs of what a chain begins and ends with: who has the database alone cannot move either. */
export interface ChainMac {
  chainMac(chain: Omit<AuditChainRow, 'mac' | 'head' | 'headMac'>): Uint8Array<ArrayBuffer>
  headMac(chainId: string, head: AuditHead): Uint8Array<ArrayBuffer>
  prunedMac(row: Omit<PrunedRevision, 'mac'>): Uint8Array<ArrayBuffer>
  isAuthenticChain(chain: AuditChainRow): boolean
  isAuthenticHead(chain: AuditChainRow): boolean
  isAuthenticPruned(row: PrunedRevision): boolean
}

/** Keys that verify and sign the audit trail. */
export interface AuditKeys {
  readonly chainMac: ChainMac
  /** Ed25519 private key. */
  readonly checkpointKey: KeyObject
  /** True if there may be records from before there were chains; otherwise a record without a chain is a forgery. */
  readonly predatesChains: boolean
}

/** HMAC-SHA-256 over the columns as a JSON array with its purpose in front. */
export function createChainMac(key: KeyObject): ChainMac {
  const mac = (values: readonly unknown[]): Uint8Array<ArrayBuffer> =>
    new Uint8Array(hmacSha256(key, JSON.stringify(values)))
  const headValues = ({ sequence, hash }: AuditHead) => [sequence, Buffer.from(hash).toString('hex')]
  const chainMac: ChainMac['chainMac'] = ({ id, number, kind, startedAt, base }) =>
    mac(['keystead audit chain v1', id, number, kind, startedAt, ...headValues(base)])
  const headMac: ChainMac['headMac'] = (chainId, head) =>
    mac(['keystead audit head v1', chainId, ...headValues(head)])
  const prunedMac: ChainMac['prunedMac'] = ({ keyId, versionNumber, revision, records, keyState }) =>
    records === null && keyState === null
      ? mac(['keystead audit pruned revision v1', keyId, versionNumber, revision])
      : mac([
          'keystead audit pruned revision v2',
          keyId,
          versionNumber,
          revision,
          records,
          keyState && hex(keyState),
        ])
  return {
    chainMac,
    headMac,
    prunedMac,
    isAuthenticChain: (chain) => constantTimeEqual(chainMac(chain), chain.mac),
    isAuthenticHead: (chain) => constantTimeEqual(headMac(chain.id, chain.head), chain.headMac),
    isAuthenticPruned: (row) => constantTimeEqual(prunedMac(row), row.mac),
  }
}
