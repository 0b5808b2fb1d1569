import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { asOperator } from '../support/as-operator.ts'
import { hasNoServers } from '../support/has-no-servers.ts'
import { expectAllThere } from './acknowledged.ts'
import { createServerPlace, faultEnvironment, waitForAnswer } from './fault-servers.ts'
import { createLedger } from './ledger.ts'
import { startMixedLoad } from './mixed-load.ts'
import { chooseKillAfter, waitForGrowth } from './moments.ts'
import { countSessions, startPair } from './postgres-pair.ts'
import { faultRounds, reportFault, reportRound } from './report.ts'
import { expectTrailWhole } from './whole-trail.ts'

const noServers = await hasNoServers('the tests of failover')

const fault = 'PostgreSQL primary killed, standby promoted'

describe.skipIf(noServers)('a primary that is killed', { timeout: 180_000 }, () => {
  it('is replaced by its standby without anything lost that was acknowledged, and without a restart', async () => {
    const rounds = faultRounds()
    const pair = await startPair()
    const environment = await faultEnvironment(pair.database)
    const places = [createServerPlace(environment), createServerPlace(environment)]
    onTestFinished(async () => void (await Promise.all(places.map(({ stop }) => stop('SIGKILL')))))
    const clients = places.map(({ client }) => client)
    const ledger = createLedger()
    const recoveredInMs: number[] = []
    try {
      for (const place of places) await place.start()
      for (let round = 0; round < rounds; round++) {
        const load = startMixedLoad({ clients, ledger })
        await waitForGrowth(load, ledger, chooseKillAfter())
        await pair.primary.kill()
        await pair.promote()
        const promotedMs = performance.now()
        await Promise.all(clients.map(waitForAnswer))
        recoveredInMs.push(performance.now() - promotedMs)
        await waitForGrowth(load, ledger, 60)
        await load.stop()
        for (const client of clients) await expectAllThere(client, ledger)
        await expectTrailWhole(environment, ledger)
        // The servers run on, and the former primary is the standby that may be named first.
        await pair.replicateAgain()
        await Promise.all(clients.map(waitForAnswer))
        expect(await countSessions(pair.primary)).toBeGreaterThan(0)
        expect(await countSessions(pair.standby)).toBe(0)
        reportRound(fault, round + 1, rounds)
      }
      for (const client of clients) await expectAllThere(client, ledger)
    } finally {
      reportFault({ fault, rounds, acknowledged: ledger.acknowledged(), lost: ledger.lost, recoveredInMs })
    }
    expect(recoveredInMs).toHaveLength(rounds)
  }, 1_800_000)
})

describe.skipIf(noServers)('a change that only the primary has', { timeout: 180_000 }, () => {
  it('is not acknowledged, and the servers go on by themselves when the standby is back', async () => {
    const pair = await startPair()
    const place = createServerPlace(await faultEnvironment(pair.database, { REQUEST_TIMEOUT_MS: '1000' }))
    onTestFinished(() => place.stop('SIGKILL'))
    await place.start()
    const create = (name: string) =>
      place.client.send(`mutation { createUserKey(input: { name: "${name}" }) { __typename } }`)
    await pair.standby.kill()
    const alone = await create('alone')
    expect(alone.errors.map(({ extensions }) => extensions.code)).toEqual(['UNAVAILABLE'])
    const held = await asOperator(
      pair.primary.url,
      `SELECT wait_event FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    )
    expect(held.length).toBeGreaterThan(0)
    await pair.standby.start()
    const created = { createUserKey: { __typename: 'CreateUserKeyPayload' } }
    let attempts = 0
    await vi.waitFor(async () => expect((await create(`together-${++attempts}`)).data).toEqual(created), {
      timeout: 60_000,
      interval: 50,
    })
    const names = await asOperator(pair.standby.url, 'SELECT name FROM keys')
    expect(names).toContainEqual({ name: `together-${attempts}` })
  })
})
