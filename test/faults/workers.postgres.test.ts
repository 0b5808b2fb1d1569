import { randomInt } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { clientFor } from '../support/story.ts'
import { expectAllThere } from './acknowledged.ts'
import { makeDueKeys, waitForHousekeeping } from './due-keys.ts'
import { faultEnvironment, manager } from './fault-servers.ts'
import { createLedger } from './ledger.ts'
import { startMixedLoad } from './mixed-load.ts'
import { chooseKillAfter, waitForGrowth } from './moments.ts'
import { faultRounds, reportFault, reportRound } from './report.ts'
import { expectTrailWhole } from './whole-trail.ts'

const fault = 'one of two workers killed, PostgreSQL'

describe.skipIf(hasNoDatabase())('of two workers of a server one that is killed at any moment', () => {
  it('leaves the other serving and is replaced, and nothing is lost that either acknowledged', async () => {
    const rounds = faultRounds()
    const database = await createTestDatabase()
    onTestFinished(() => database.dispose())
    const environment = await faultEnvironment(database, { WORKERS: '2', LOG_LEVEL: 'info' })
    const server = await startServerProcess(environment)
    onTestFinished(async () => void (server.child.exitCode === null && (await server.stop('SIGKILL'))))
    const client = clientFor(manager, { getUrl: () => server.url, clock: systemClock })
    const begun = () =>
      server.output.flatMap((line) => {
        const [, worker, pid] = /"worker":(\d+),"pid":(\d+),"msg":"a worker serves"/.exec(line) ?? []
        return worker === undefined ? [] : [[Number(worker), Number(pid)] as const]
      })
    const waitForServing = (count: number) =>
      expect.poll(() => begun().length, { timeout: 120_000, interval: 10 }).toBeGreaterThanOrEqual(count)
    const ledger = createLedger()
    const recoveredInMs: number[] = []
    try {
      await waitForServing(2)
      for (let round = 0; round < rounds; round++) {
        // Two clients have connections to both workers.
        const load = startMixedLoad({ clients: [client, client], ledger })
        // Keys fall due under the load, so that the killed one may be busy with them.
        await makeDueKeys(environment, ledger, { rotations: 20, destructions: 10 })
        await waitForGrowth(load, ledger, chooseKillAfter())
        const serving = new Map(begun())
        const killedAtMs = performance.now()
        process.kill(serving.get(1 + randomInt(2)) ?? 0, 'SIGKILL')
        // What is acknowledged now may be acknowledged by the other one.
        await waitForGrowth(load, ledger, 30)
        await waitForServing(3 + round)
        recoveredInMs.push(performance.now() - killedAtMs)
        await waitForGrowth(load, ledger, 30)
        await load.stop()
        await expectAllThere(client, ledger)
        await waitForHousekeeping(client, ledger)
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
    expect(server.child.exitCode).toBeNull()
  }, 1_800_000)
})
