import { expect, it } from 'vitest'
import { createDatabaseClock } from '../../src/store/database-clock.ts'

it("follows the database's clock, whatever this machine's says, and again after either is set", async () => {
  let machineMs = 1_000_000
  let databaseMs = 5_000_000
  const machine = { now: () => new Date(machineMs) }
  const store = {
    async now() {
      // The question takes 40 ms on both clocks, and is answered in the middle.
      machineMs += 20
      databaseMs += 20
      const told = new Date(databaseMs)
      machineMs += 20
      databaseMs += 20
      return told
    },
  }
  const clock = await createDatabaseClock(store, machine)
  expect(clock.now().getTime()).toBe(databaseMs)
  machineMs += 1000
  databaseMs += 1000
  expect(clock.now().getTime()).toBe(databaseMs)
  databaseMs -= 7000
  await clock.synchronise()
  expect(clock.now().getTime()).toBe(databaseMs)
})
