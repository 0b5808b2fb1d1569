import { type AuditChainRow, findChain, findTip } from '../../store/audit/chain-rows.ts'
import type { AuditEventRow, AuditHead } from '../../store/audit/event-rows.ts'
import { findHashAt } from '../../store/audit/pruned-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { type ChainMac, isSameHash } from '../chain.ts'
import { chainFinding, type Finding, recordFinding } from './finding.ts'
import { walkChain } from './walk-chain.ts'

/** Options for verifying one chain. */
export interface ChainCheck {
  readonly chainMac: ChainMac
  /** Where the chain was when a checkpoint was made. */
  readonly checkpoint?: AuditHead | undefined
  /** True to read only what follows on the checkpoint, where there is one. */
  readonly sinceCheckpoint?: boolean
  /** Called for each page of records after their verification. */
  readonly onRecords?: (events: readonly AuditEventRow[]) => void | Promise<void>
}

/** Checks one chain up to where it ended when its row was read. */
export async function verifyChain(
  db: Queryable,
  chain: AuditChainRow,
  { chainMac, checkpoint, sinceCheckpoint = false, onRecords }: ChainCheck,
): Promise<Finding[]> {
  const findings: Finding[] = []
  if (!chainMac.isAuthenticChain(chain))
    findings.push(chainFinding(chain.number, 'has a row that was changed'))
  if (!chainMac.isAuthenticHead(chain)) {
    findings.push(chainFinding(chain.number, 'does not end where the server left it: its head was changed'))
  }
  const start = sinceCheckpoint ? await findStart(db, chain, checkpoint) : chain.base
  let end = start
  let isAsInCheckpoint =
    checkpoint === undefined || isAt(end, checkpoint) || checkpoint.sequence < end.sequence
  const pages = walkChain(db, { chain: { ...chain, base: start }, upTo: chain.head.sequence, chainMac })
  for (;;) {
    const { done, value } = await pages.next()
    if (done) {
      if (value !== null) return [...findings, value]
      break
    }
    isAsInCheckpoint ||= value.events.some(
      ({ sequence, hash }) => hash !== null && isAt({ sequence, hash }, checkpoint),
    )
    end = value.end
    await onRecords?.(value.events)
  }
  if (end.sequence === chain.head.sequence && !isSameHash(end.hash, chain.head.hash)) {
    findings.push(recordFinding(chain.number, end, 'is not the one that the chain ends with'))
  }
  if (!isAsInCheckpoint && checkpoint !== undefined) {
    // A record that was pruned meanwhile can no longer be compared.
    const current = await findChain(db, chain.id)
    if (current === null || current.base.sequence <= checkpoint.sequence) {
      findings.push(notAsInCheckpoint(chain, checkpoint))
    }
  }
  const tip = await findTip(db, chain.id)
  if (tip !== null && tip.firstSequence < 1) {
    const sequence = tip.firstSequence
    findings.push(recordFinding(chain.number, { sequence }, 'is out of order'))
  }
  if (tip !== null && tip.lastSequence > tip.headSequence) {
    const sequence = tip.headSequence + 1
    findings.push(recordFinding(chain.number, { sequence }, 'stands behind the end of the chain'))
  }
  return findings
}

/** The record of the checkpoint if it is there, else the beginning of the chain: then it is read whole. */
async function findStart(
  db: Queryable,
  chain: AuditChainRow,
  checkpoint: AuditHead | undefined,
): Promise<AuditHead> {
  if (checkpoint === undefined || checkpoint.sequence <= chain.base.sequence) return chain.base
  if (checkpoint.sequence > chain.head.sequence) return chain.base
  const hash = await findHashAt(db, { chainId: chain.id, sequence: checkpoint.sequence })
  return isSameHash(checkpoint.hash, hash) ? checkpoint : chain.base
}

function notAsInCheckpoint({ number, head }: AuditChainRow, checkpoint: AuditHead): Finding {
  return checkpoint.sequence > head.sequence
    ? recordFinding(
        number,
        { sequence: head.sequence + 1 },
        `is missing: the checkpoint knows records up to ${checkpoint.sequence}`,
      )
    : recordFinding(number, checkpoint, 'is not the one that the checkpoint knows')
}

function isAt(head: AuditHead, checkpoint: AuditHead | undefined): boolean {
  return head.sequence === checkpoint?.sequence && isSameHash(head.hash, checkpoint.hash)
}
