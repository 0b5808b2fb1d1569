import type { Clock } from '../../clock.ts'
import { newOpaqueUuid } from '../../ids.ts'
import {
  type AuditChainKind,
  type AuditChainRow,
  insertChain,
  lastChainNumber,
  lockChains,
} from '../../store/audit/chain-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Store } from '../../store/store.ts'
import { type ChainMac, firstHash } from '../chain.ts'

/** A chain was changed by anything but its only writer. For the log and the operator. */
export class ChainError extends Error {
  constructor(number: number) {
    super(
      `audit chain ${number} is not as this server left it: it was changed outside of the server, or the database was set back; the server goes on with a new chain`,
    )
  }
}

/** Parts for opening chains and appending to them. */
export interface ChainParts {
  readonly store: Store
  readonly clock: Clock
  readonly chainMac: ChainMac
  /** Called for a chain that was changed by anything but its only writer. */
  readonly alert: (error: Error) => void
}

/** Opens a chain for this process alone. Chains of processes that crashed stay as they are. */
export async function openChain(
  tx: Queryable,
  { clock, chainMac }: Pick<ChainParts, 'clock' | 'chainMac'>,
  kind: AuditChainKind,
): Promise<AuditChainRow> {
  await lockChains(tx)
  const id = newOpaqueUuid()
  const start = { sequence: 0, hash: firstHash(id) }
  const chain = { id, number: (await lastChainNumber(tx)) + 1, kind, startedAt: clock.now(), base: start }
  const row = {
    ...chain,
    mac: chainMac.chainMac(chain),
    head: start,
    headMac: chainMac.headMac(id, start),
  }
  await insertChain(tx, row)
  return row
}
