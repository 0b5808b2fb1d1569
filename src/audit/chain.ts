import { hash, type KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../crypto/secrets.ts'
import type { AuditLink } from '../store/audit/append-rows.ts'
import type { AuditChainRow } from '../store/audit/chain-rows.ts'
import { type AuditEventRow, type AuditHead, eventTable } from '../store/audit/event-rows.ts'
import type { PrunedRevision } from '../store/audit/pruned-rows.ts'
import type { SinkPosition, SinkPositionRow } from '../store/audit/sink-rows.ts'
import { fieldsOf, hex } from '../store/sql.ts'

/** Hash before the first event of a chain. It depends on the chain, so that no chain can pass for another. */
export function firstHash(chainId: string): Uint8Array {
  return sha256(JSON.stringify(['keystead audit chain v1', chainId]))
}

/** The hash of an event that follows on another one. */
export function hashOf(previousHash: Uint8Array, event: AuditEventRow): Uint8Array {
  return sha256(encodeEvent(previousHash, event))
}

/** Chains events to a head. */
export function linkEvents(
  head: AuditHead,
  events: readonly AuditEventRow[],
): { links: readonly AuditLink[]; head: AuditHead } {
  let last = hex(head.hash)
  const links = events.map((event): AuditLink => {
    // In hexadecimal all the way: that is what is hashed next, and what the database is given.
    last = hash('sha256', textOf(last, event), 'hex')
    return { event, hash: last }
  })
  return { links, head: { sequence: head.sequence + links.length, hash: Buffer.from(last, 'hex') } }
}

/**
 * The text that is hashed: an array in canonical JSON (RFC 8785), so that every value has one spelling and none can be
 * read as part of its neighbour. The sequence number is not in it: it follows from the hashes before.
 */
export function encodeEvent(previousHash: Uint8Array, event: AuditEventRow): string {
  return textOf(hex(previousHash), event)
}

/** Columns that JSON can encode as they are; of the others `details` is last, and times are alike in JSON. */
const plainFields = fieldsOf(eventTable, ['details'])

function textOf(previousHash: string, event: AuditEventRow): string {
  const values: unknown[] = ['keystead audit event v1', previousHash]
  for (const field of plainFields) values.push(event[field])
  return `${JSON.stringify(values).slice(0, -1)},${encodeDetails(event.details)}]`
}

/** By hand, since JavaScript puts names that look like numbers first. */
function encodeDetails(details: AuditEventRow['details']): string {
  const entries = Object.entries(details)
  if (entries.length === 0) return '{}'
  const members = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
}

/** True if two hashes are equal; hashes are not secret. */
export function isSameHash(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && Buffer.compare(a, b) === 0
}

function sha256(text: string): Uint8Array {
  return hash('sha256', text, 'buffer')
}

/** Makes and checks the MACs of what a chain begins and ends with: who has the database alone cannot move either. */
export interface ChainMac {
  chainMac(chain: Omit<AuditChainRow, 'mac' | 'head' | 'headMac'>): Uint8Array<ArrayBuffer>
  headMac(chainId: string, head: AuditHead): Uint8Array<ArrayBuffer>
  prunedMac(row: Omit<PrunedRevision, 'mac'>): Uint8Array<ArrayBuffer>
  isAuthenticChain(chain: AuditChainRow): boolean
  isAuthenticHead(chain: AuditChainRow): boolean
  isAuthenticPruned(row: PrunedRevision): boolean
  positionMac(position: SinkPosition): Uint8Array<ArrayBuffer>
  isAuthenticPosition(row: SinkPositionRow): boolean
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
  const positionMac: ChainMac['positionMac'] = ({ sink, chainId, sequence }) =>
    mac(['keystead audit sink position v1', sink, chainId, sequence])
  return {
    chainMac,
    headMac,
    prunedMac,
    positionMac,
    isAuthenticChain: (chain) => constantTimeEqual(chainMac(chain), chain.mac),
    isAuthenticHead: (chain) => constantTimeEqual(headMac(chain.id, chain.head), chain.headMac),
    isAuthenticPruned: (row) => constantTimeEqual(prunedMac(row), row.mac),
    isAuthenticPosition: (row) => constantTimeEqual(positionMac(row), row.mac),
  }
}
