import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger } from './ledger.ts'
import type { MixedLoad } from './mixed-load.ts'

/**
 * After how much that was acknowledged a server is killed, by chance: often early, while it is still busy with what fell
 * due when nobody was there, and else well within its work.
 */
export function chooseKillAfter(): number {
  return randomInt(3) === 0 ? randomInt(1, 10) : randomInt(10, 250)
}

/**
 * Waits until a load has got so much more acknowledged, and for a moment by chance, so that no answer sets the time. It
 * ends early if the load has failed.
 */
export async function waitForGrowth(load: MixedLoad, ledger: Ledger, growth: number): Promise<void> {
  const enough = ledger.acknowledged() + growth
  while (ledger.acknowledged() < enough && !load.hasFailed()) await sleep(1)
  await sleep(randomInt(10))
}
