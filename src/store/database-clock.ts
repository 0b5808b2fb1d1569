import type { Clock } from '../clock.ts'
import type { Store } from './store.ts'

/** The clock of the database, read without asking it each time. */
export interface DatabaseClock extends Clock {
  /** Compares with the database again, since clocks drift and are set. */
  synchronise(): Promise<void>
}

/**
 * One clock for all replicas: that of this machine, corrected by its difference to the database's. A question to the
 * database takes some time; its answer counts for the middle of it.
 */
export async function createDatabaseClock(store: Pick<Store, 'now'>, machine: Clock): Promise<DatabaseClock> {
  let differenceMs = 0
  async function synchronise(): Promise<void> {
    const askedMs = machine.now().getTime()
    const toldMs = (await store.now()).getTime()
    const answeredMs = machine.now().getTime()
    differenceMs = toldMs - Math.round((askedMs + answeredMs) / 2)
  }
  await synchronise()
  return { now: () => new Date(machine.now().getTime() + differenceMs), synchronise }
}
