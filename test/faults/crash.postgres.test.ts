import { randomInt } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { expectAllThere } from './acknowledged.ts'
import { makeDueKeys, waitForHousekeeping } from './due-keys.ts'
import { createServerPlace, faultEnvironment } from './fault-servers.ts'
import { createLedger } from './ledger.ts'
import { startMixedLoad } from './mixed-load.ts'
import { chooseKillAfter, waitForGrowth } from './moments.ts'
import { faultRounds, reportFault, reportRound } from './report.ts'
import { expectTrailWhole } from './whole-trail.ts'

const fault = 'one of two replicas killed, PostgreSQL'

describe.skipIf(hasNoDatabase())('of two replicas one that is killed at any moment', () => {
  it('leaves the other serving, and nothing is lost that either acknowledged', async () => {
    const rounds = faultRounds()
    const database = await createTestDatabase()
    onTestFinished(() => database.dispose())
    const environment = await faultEnvironment(database)
    const [one, other] = [createServerPlace(environment), createServerPlace(environment)]
    onTestFinished(async () => void (await Promise.all([one, other].map(({ stop }) => stop('SIGKILL')))))
    const clients = [one.client, other.client]
    const ledger = createLedger()
    const recoveredInMs: number[] = []
    try {
      await one.start()
      await other.start()
      for (let round = 0; round < rounds; round++) {
        const [killed, serving] = randomInt(2) === 0 ? [one, other] : [other, one]
        const load = startMixedLoad({ clients, ledger })
        // Keys fall due under the load, so that the killed one may be busy with them.
        await makeDueKeys(environment, ledger, { rotations: 20, destructions: 10 })
        await waitForGrowth(load, ledger, chooseKillAfter())
        await killed.stop('SIGKILL')
        // What is acknowledged now is acknowledged by the other one.
        await waitForGrowth(load, ledger, 30)
        recoveredInMs.push(await killed.start())
        await waitForGrowth(load, ledger, 30)
        await load.stop()
        await expectAllThere(killed.client, ledger)
        await waitForHousekeeping(killed.client, ledger)
        await expectAllThere(serving.client, ledger)
        await expectTrailWhole(environment, ledger)
        reportRound(fault, round + 1, rounds)
      }
    } finally {
      reportFault({
        fault,
        rounds,
        acknowledged: ledger.acknowledged(),
        lost: ledger.lost,
        recoveredInMs,
      })
    }
    expect(recoveredInMs).toHaveLength(rounds)
  }, 1_800_000)
})
