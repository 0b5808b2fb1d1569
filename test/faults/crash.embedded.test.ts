import { expect, it, onTestFinished } from 'vitest'
import { createTestDatabase } from '../support/databases.ts'
import { expectAllThere } from './acknowledged.ts'
import { makeDueKeys, waitForHousekeeping } from './due-keys.ts'
import { createServerPlace, faultEnvironment } from './fault-servers.ts'
import { createLedger } from './ledger.ts'
import { startMixedLoad } from './mixed-load.ts'
import { chooseKillAfter, waitForGrowth } from './moments.ts'
import { faultRounds, reportFault, reportRound } from './report.ts'
import { expectTrailWhole } from './whole-trail.ts'

const fault = 'server killed, embedded database'

it('a server on the embedded database that is killed at any moment has lost nothing that it acknowledged', async () => {
  const rounds = faultRounds()
  const database = await createTestDatabase()
  onTestFinished(() => database.dispose())
  const environment = await faultEnvironment(database)
  const server = createServerPlace(environment)
  onTestFinished(() => server.stop('SIGKILL'))
  const ledger = createLedger()
  const recoveredInMs: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) await makeDueKeys(environment, ledger, { rotations: 20, destructions: 10 })
      await server.start()
      const load = startMixedLoad({ clients: [server.client], ledger })
      await waitForGrowth(load, ledger, chooseKillAfter())
      await server.stop('SIGKILL')
      await load.stop()
      // Nothing repairs anything but the server itself, when it starts.
      recoveredInMs.push(await server.start())
      await expectAllThere(server.client, ledger)
      await waitForHousekeeping(server.client, ledger)
      await server.stop('SIGKILL')
      reportRound(fault, round + 1, rounds)
    }
    await server.start()
    await expectAllThere(server.client, ledger)
    await server.stop('SIGKILL')
    await expectTrailWhole(environment, ledger)
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
