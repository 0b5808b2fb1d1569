import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoServers } from '../support/has-no-servers.ts'
import { startServerProcess } from '../support/server-process.ts'
import { base64, type Client, clientFor } from '../support/story.ts'
import { faultEnvironment, manager, waitForAnswer } from './fault-servers.ts'
import { countSessions, type PostgresPair, startPair } from './postgres-pair.ts'

const noServers = await hasNoServers('the tests of former primaries')

const patiently = { timeout: 30_000, interval: 50 }

/** Starts servers on a pair; what they know of keys lasts for a minute, unless they hear of a change. */
async function startServers(pair: PostgresPair, count: number) {
  const environment = await faultEnvironment(pair.database, { CACHE_LIFETIME_MS: '60000', LOG_LEVEL: 'info' })
  const servers = await Promise.all(Array.from({ length: count }, () => startServerProcess(environment)))
  onTestFinished(async () => void (await Promise.all(servers.map(({ stop }) => stop('SIGKILL')))))
  return servers.map(({ url, output }) => ({
    client: clientFor(manager, { getUrl: () => url, clock: systemClock }),
    alerts: () => output.filter((line) => line.includes('"alert":"INTEGRITY"')),
    async isListening(times: number) {
      const told = () => output.filter((line) => line.includes('"listening for changes')).length
      await vi.waitFor(() => expect(told()).toBeGreaterThanOrEqual(times), patiently)
    },
  }))
}

async function codesOf(client: Client): Promise<unknown[]> {
  const { errors } = await client.send('{ userKeys(first: 1) { totalCount } }')
  return errors.map(({ extensions }) => extensions.code)
}

describe.skipIf(noServers)('after another server was promoted', { timeout: 180_000 }, () => {
  it('a former primary that comes back by itself is used by nobody, be the server old or new', async () => {
    const pair = await startPair()
    const [old] = await startServers(pair, 1)
    await pair.primary.kill()
    await pair.promote()
    if (old === undefined) throw new TypeError('a server was asked for')
    await waitForAnswer(old.client)
    // It still believes that it is the primary, and is named first.
    await pair.standby.start()
    const [young] = await startServers(pair, 1)
    if (young === undefined) throw new TypeError('a server was asked for')
    await waitForAnswer(young.client)
    await pair.primary.kill()
    await vi.waitFor(async () => expect(await codesOf(old.client)).toEqual(['UNAVAILABLE']), patiently)
    expect(await codesOf(young.client)).toEqual(['UNAVAILABLE'])
    expect(await countSessions(pair.standby)).toBe(0)
    await pair.primary.start()
    for (const { client } of [old, young]) await waitForAnswer(client)
    expect(await countSessions(pair.standby)).toBe(0)
  })

  it('a change is heard of by a server that holds the key since before', async () => {
    const pair = await startPair()
    const [changing, warm] = await startServers(pair, 2)
    if (changing === undefined || warm === undefined) throw new TypeError('two servers were asked for')
    const created = await changing.client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const keyId: string = created['userKey'].id
    const versionInUse = async () =>
      (await warm.client.mutate('encrypt', { key: keyId, plaintext: base64('hi') }, 'versionNumber'))[
        'versionNumber'
      ]
    expect(await versionInUse()).toBe(1)
    for (const { isListening } of [changing, warm]) await isListening(1)
    await pair.primary.kill()
    await pair.promote()
    await Promise.all([changing.isListening(2), warm.isListening(2)])
    expect(await versionInUse()).toBe(1)
    await changing.client.mutate('rotateUserKey', { key: keyId }, '__typename')
    await vi.waitFor(async () => expect(await versionInUse()).toBe(2), { timeout: 15_000, interval: 10 })
  })

  it('servers notice that it lost what they had acknowledged, raise the alarm and go on', async () => {
    const pair = await startPair({ isSynchronous: false })
    const [server] = await startServers(pair, 1)
    if (server === undefined) throw new TypeError('a server was asked for')
    const created = await server.client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const input = { key: created['userKey'].id as string, plaintext: base64('hi') }
    const isThere = async () => {
      const rows = await asOperator(pair.standby.url, 'SELECT name FROM keys')
      expect(rows).toEqual([{ name: 'orders' }])
    }
    await vi.waitFor(isThere, patiently)
    await pair.standby.kill()
    await server.client.mutate('encrypt', input, 'ciphertext')
    expect(server.alerts()).toEqual([])
    await pair.primary.kill()
    await pair.standby.start()
    await pair.promote()
    await waitForAnswer(server.client)
    await server.client.mutate('encrypt', input, 'ciphertext')
    expect(server.alerts()).toHaveLength(1)
  })

  it('a former primary that runs on and takes no changes is left, also by who reads only', async () => {
    const pair = await startPair()
    const [server] = await startServers(pair, 1)
    if (server === undefined) throw new TypeError('a server was asked for')
    await server.isListening(1)
    await waitForAnswer(server.client)
    await asOperator(
      pair.primary.url,
      'ALTER SYSTEM SET default_transaction_read_only = on',
      'SELECT pg_reload_conf()',
    )
    await pair.promote()
    await vi.waitFor(async () => expect(await countSessions(pair.standby)).toBe(0), patiently)
    await server.isListening(2)
    const created = await server.client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const rows = await asOperator(pair.primary.url, 'SELECT name FROM keys')
    expect([created['userKey'].id !== undefined, rows]).toEqual([true, [{ name: 'orders' }]])
  })
})
