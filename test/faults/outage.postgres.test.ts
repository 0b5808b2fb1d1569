import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { hasNoServers } from '../support/has-no-servers.ts'
import { startInstances } from '../support/postgres-server.ts'
import { startServerProcess } from '../support/server-process.ts'
import { base64, clientFor } from '../support/story.ts'
import { expectAllThere } from './acknowledged.ts'
import { faultEnvironment, manager, waitForAnswer } from './fault-servers.ts'
import { createLedger } from './ledger.ts'
import { startMixedLoad } from './mixed-load.ts'
import { chooseKillAfter, waitForGrowth } from './moments.ts'
import { type FaultRow, faultRounds, outageMs, reportFault, reportRound } from './report.ts'
import { expectTrailWhole } from './whole-trail.ts'

const noServers = await hasNoServers('the tests of outages')

const patiently = { timeout: 60_000, interval: 20 }

/** A server, and PostgreSQL of its own. */
async function startServerOnPostgres(settings: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const started = await startInstances(join(folder, 'postgres'), 1)
  if ('reason' in started || started[0] === undefined) throw new Error('PostgreSQL does not start')
  const [postgres] = started
  onTestFinished(() => postgres.stop())
  const database = { databaseUrl: postgres.url, dataFolder: folder, dispose: async () => {} }
  const environment = await faultEnvironment(database, settings)
  const server = await startServerProcess(environment)
  onTestFinished(async () => void (await server.stop('SIGKILL')))
  const at = { getUrl: () => server.url, clock: systemClock }
  const readiness = async () => (await fetch(`${server.url}/health/ready`)).status
  // The load has its project to itself.
  const other = clientFor({ ...manager, project: 'beside' }, at)
  return { postgres, environment, client: clientFor(manager, at), other, readiness }
}

type Started = Awaited<ReturnType<typeof startServerOnPostgres>>

/** A ciphertext with the ID of its key: the input of `decrypt`. */
interface Ciphertext {
  readonly key: string
  readonly ciphertext: string
}

/** What a caller is told by each kind of request: its data, or the codes of errors. */
async function answersOf({ other }: Started, { key, ciphertext }: Ciphertext) {
  const documents = [
    '{ userKeys(first: 1) { totalCount } }',
    `{ userKey(key: "${key}") { id } }`,
    '{ auditEvents(first: 1) { edges { node { id } } } }',
    `mutation { createUserKey(input: { name: "never" }) { __typename } }`,
    `mutation { rotateUserKey(input: { key: "${key}" }) { __typename } }`,
    `mutation { encrypt(input: { key: "${key}", plaintext: "aGk=" }) { __typename } }`,
    `mutation { decrypt(input: { key: "${key}", ciphertext: "${ciphertext}" }) { __typename } }`,
  ]
  const answers = await Promise.all(documents.map((document) => other.send(document)))
  return answers.map(({ errors, data, text }) => {
    const [error, ...more] = errors
    if (error === undefined || more.length > 0 || Object.values(data ?? {}).some(Boolean)) return text
    return `${error.extensions.code} ${/Try again|before retrying/.test(error.message)}`
  })
}

async function makeCiphertext({ other }: Started): Promise<Ciphertext> {
  const created = await other.mutate('createUserKey', { name: 'warm' }, 'userKey { id }')
  const key: string = created['userKey'].id
  const { ciphertext } = await other.mutate('encrypt', { key, plaintext: base64('hi') }, 'ciphertext')
  return { key, ciphertext }
}

/** Breaks PostgreSQL under load, again and again, and looks whether all is as it was afterwards. */
async function breakUnderLoad(
  fault: string,
  started: Started,
  disturb: { begin(round: number): Promise<void>; end(): Promise<void> },
): Promise<FaultRow> {
  const rounds = faultRounds()
  const { client, other, environment, readiness } = started
  const ledger = createLedger()
  const recoveredInMs: number[] = []
  const known = await makeCiphertext(started)
  try {
    for (let round = 0; round < rounds; round++) {
      const load = startMixedLoad({ clients: [client], ledger })
      await waitForGrowth(load, ledger, chooseKillAfter())
      await other.mutate('decrypt', known, 'plaintext')
      await disturb.begin(round)
      const beganMs = performance.now()
      const answers = await answersOf(started, known)
      expect(answers).toEqual(answers.map(() => 'UNAVAILABLE true'))
      await vi.waitFor(async () => expect(await readiness()).toBe(503), patiently)
      await sleep(Math.max(0, outageMs() - (performance.now() - beganMs)))
      await disturb.end()
      const endedMs = performance.now()
      await waitForAnswer(client)
      recoveredInMs.push(performance.now() - endedMs)
      await waitForGrowth(load, ledger, 60)
      await vi.waitFor(async () => expect(await readiness()).toBe(200), patiently)
      await load.stop()
      await expectAllThere(client, ledger)
      await expectTrailWhole(environment, ledger)
      expect((await other.mutate('decrypt', known, 'plaintext'))['plaintext']).toBe(base64('hi'))
      reportRound(fault, round + 1, rounds)
    }
  } finally {
    reportFault({ fault, rounds, acknowledged: ledger.acknowledged(), lost: ledger.lost, recoveredInMs })
  }
  return { fault, rounds, acknowledged: ledger.acknowledged(), lost: ledger.lost, recoveredInMs }
}

describe.skipIf(noServers)('PostgreSQL under load', () => {
  it('that is stopped or crashes makes every request UNAVAILABLE until it is back, and nothing is lost', async () => {
    const started = await startServerOnPostgres()
    const { postgres } = started
    const { recoveredInMs } = await breakUnderLoad('PostgreSQL stopped or crashed', started, {
      begin: (round) => (round % 2 === 0 ? postgres.kill() : postgres.stop()),
      end: () => postgres.start(),
    })
    expect(recoveredInMs).toHaveLength(faultRounds())
  }, 1_800_000)

  it('that is silent makes every request UNAVAILABLE in time, also decryption with keys at hand', async () => {
    const started = await startServerOnPostgres({ CACHE_LIFETIME_MS: '2000' })
    const { postgres } = started
    const { recoveredInMs } = await breakUnderLoad('PostgreSQL silent', started, {
      begin: async () => postgres.freeze(),
      end: async () => postgres.thaw(),
    })
    expect(recoveredInMs).toHaveLength(faultRounds())
  }, 1_800_000)
})
