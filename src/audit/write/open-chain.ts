import type { Clock } from '../../clock.ts'
import { newOpaqueUuid } from '../../ids.ts'
import {
  type AuditChainKind,
  type AuditChainRow,
  insertChain,
  lastChainNumber,
  lockChains,
} from '../../store/audit/chain-rows.ts'
import type { Queryable } from '../../store/queryable.ts'
import type { Store } from '../../store/store.ts'
import { firstHash } from '../chain.ts'
import type { ChainMac } from '../chain-mac.ts'

/** What chains are opened and appended to with. */
export interface ChainParts {
  readonly store: Store
  readonly clock: Clock
  readonly chainMac: ChainMac
  /** Told of a chain that is not as its only writer left it. */
  readonly alert: (error: Error) => void
}

/** Opens a chain that nobody else appends to. What a process left behind that crashed stays as it is. */
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
