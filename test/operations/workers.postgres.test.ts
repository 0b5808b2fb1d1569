import { chmodSync, renameSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { systemClock } from '../../src/clock.ts'
import { openSocket } from '../subscriptions/socket-client.ts'
import { makeCertificate } from '../support/certificate.ts'
import { runCommand } from '../support/command-process.ts'
import {
  createEmptyDatabase,
  createTestDatabase,
  hasNoDatabase,
  type TestDatabase,
} from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { base64, type Client, clientFor, environmentFor, type Person, tokenFor } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const within = { timeout: 60_000, interval: 50 }

/** A server of several workers. */
interface Workers extends ServerProcess {
  readonly client: Client
  /** Lines of the log, as far as they are JSON. */
  lines(): Record<string, unknown>[]
  /** Process of each worker that serves, by its number. */
  pids(): ReadonlyMap<number, number>
  /** Waits until as many workers have begun to serve since the start. */
  waitForServing(count: number): Promise<void>
}

async function startWorkers(database: TestDatabase, settings: Record<string, string> = {}): Promise<Workers> {
  const environment = await environmentFor(database, { WORKERS: '2', LOG_LEVEL: 'debug', ...settings })
  const server = await startServerProcess(environment)
  onTestFinished(async () => void (server.child.exitCode === null && (await server.stop('SIGKILL'))))
  const lines = () => server.output.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const begun = () => lines().filter(({ msg }) => msg === 'a worker serves')
  const workers: Workers = {
    ...server,
    client: clientFor(mia, { getUrl: () => server.url, clock: systemClock }),
    lines,
    pids: () => new Map(begun().map(({ worker, pid }) => [worker as number, pid as number])),
    waitForServing: async (count) =>
      void (await expect.poll(() => begun().length, within).toBeGreaterThanOrEqual(count)),
  }
  await workers.waitForServing(1)
  return workers
}

async function databaseForTest(create = createTestDatabase): Promise<TestDatabase> {
  const database = await create()
  onTestFinished(() => database.dispose())
  return database
}

/** Encrypts on a connection of its own, so that workers take turns. */
async function encryptOnce(url: string, token: string, key: string): Promise<unknown> {
  const asked = request(`${url}/graphql`, {
    method: 'POST',
    agent: new Agent({ keepAlive: false }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })
  const answered = new Promise<unknown>((resolve, reject) => {
    asked.on('error', reject).on('response', (response) => resolve(json(response)))
  })
  asked.end(
    JSON.stringify({
      query: 'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }',
      variables: { input: { key, plaintext: base64('hello') } },
    }),
  )
  return answered
}

const encrypted = { data: { encrypt: { __typename: 'EncryptPayload' } } }

describe.skipIf(hasNoDatabase())('a server of two workers', () => {
  it('serves one port with both, does its housekeeping once, and merges their metrics', async () => {
    const database = await databaseForTest()
    const metricsPort = await freePort()
    const server = await startWorkers(database, {
      METRICS_PORT: String(metricsPort),
      HOUSEKEEPING_INTERVAL_SECONDS: '1',
    })
    await server.waitForServing(2)
    const { client, url } = server
    const { userKey } = await client.mutate('createUserKey', { name: 'key' }, 'userKey { id }')
    const token = await tokenFor(mia, systemClock)
    for (let n = 0; n < 20; n++) expect(await encryptOnce(url, token, userKey.id)).toEqual(encrypted)
    const answeredBy = () =>
      new Set(server.lines().flatMap(({ msg, worker }) => (msg === 'request' ? [worker] : [])))
    expect(answeredBy()).toEqual(new Set([1, 2]))

    const scrape = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const sampleOf = (text: string, name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length + 1),
      )
    const operations =
      'keystead_operations_total{action="ENCRYPT",outcome="SUCCEEDED",algorithm="AES_256_GCM"}'
    const first = await scrape()
    expect(sampleOf(first, operations)).toBe(20)
    expect(sampleOf(first, 'keystead_workers')).toBe(2)
    expect(sampleOf(first, 'keystead_worker_ends_total')).toBe(0)
    expect(sampleOf(first, 'keystead_listener_connected')).toBe(1)
    expect(sampleOf(first, 'keystead_database_healthy')).toBe(1)
    expect(first).toMatch(/keystead_build_info\{[^}]+\} 1$/m)

    // What a worker has counted stays counted when it is gone.
    const [one, other] = [...server.pids().values()]
    process.kill(one ?? 0, 'SIGKILL')
    await server.waitForServing(3)
    expect(other).toBeGreaterThan(0)
    const second = await scrape()
    expect(sampleOf(second, operations)).toBe(20)
    expect(sampleOf(second, 'keystead_worker_ends_total')).toBe(1)
    expect(sampleOf(second, 'keystead_workers')).toBe(2)

    // One looks for what is due, also after the one that did is gone.
    const roundsOf = (text: string) => sampleOf(text, 'keystead_housekeeping_runs_total{outcome="succeeded"}')
    const before = roundsOf(await scrape())
    await expect.poll(async () => roundsOf(await scrape()), within).toBeGreaterThanOrEqual(before + 3)
    expect(await server.stop('SIGTERM')).toBe(0)
  })

  it('shares its connections to the database among them', async () => {
    const database = await databaseForTest()
    const server = await startWorkers(database, { DATABASE_POOL_SIZE: '8' })
    await server.waitForServing(2)
    const { userKey } = await server.client.mutate('createUserKey', { name: 'key' }, 'userKey { id }')
    const token = await tokenFor(mia, systemClock)
    await Promise.all(Array.from({ length: 60 }, () => encryptOnce(server.url, token, userKey.id)))
    await Promise.all(
      Array.from({ length: 60 }, () => server.client.ask('{ userKeys(first: 5) { totalCount } }')),
    )
    const beside = new pg.Client(database.databaseUrl ?? '')
    await beside.connect()
    const { rows } = await beside.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'keystead'",
    )
    await beside.end()
    expect(rows[0].n).toBeGreaterThan(2)
    // Two listen.
    expect(rows[0].n).toBeLessThanOrEqual(8 + 2)
  })

  it('tells subscriptions of one worker what another one has changed', async () => {
    const database = await databaseForTest()
    const server = await startWorkers(database)
    await server.waitForServing(2)
    const token = await tokenFor(mia, systemClock)
    const sockets = await Promise.all([1, 2, 3, 4].map(() => openSocket(server.url)))
    for (const socket of sockets) {
      expect(await socket.init(token)).toMatchObject({ type: 'connection_ack' })
      socket.send({
        type: 'subscribe',
        id: '1',
        payload: { query: 'subscription { userKeysChanged { listAgain } }' },
      })
      expect(await socket.next()).toMatchObject({
        type: 'next',
        payload: { data: { userKeysChanged: { listAgain: true } } },
      })
    }
    await server.client.mutate('createUserKey', { name: 'new' }, 'userKey { id }')
    for (const socket of sockets) expect(await socket.next()).toMatchObject({ type: 'next', id: '1' })
    const socketsOf = server.lines().filter(({ status, worker }) => status === 101 && worker !== undefined)
    expect(new Set(socketsOf.map(({ worker }) => worker))).toEqual(new Set([1, 2]))
  })

  it('keeps serving with one while the other cannot start, and is back once it can', async () => {
    const database = await databaseForTest()
    const server = await startWorkers(database)
    await server.waitForServing(2)
    const rootKey = join(database.dataFolder, 'root.key')
    renameSync(rootKey, `${rootKey}.away`)
    process.kill(server.pids().get(1) ?? 0, 'SIGKILL')
    const output = () => server.output.join('\n')
    await expect
      .poll(output, within)
      .toMatch(/"alert":"WORKER","worker":1,"code":1,"signal":null,"serving":1/)
    for (let n = 0; n < 10; n++) {
      expect((await fetch(`${server.url}/readyz`, { headers: { connection: 'close' } })).status).toBe(200)
    }
    server.child.kill('SIGHUP')
    await expect
      .poll(output, within)
      .toMatch(/"worker":2,"alert":"ROOT_KEY".+could not be read again, and those in memory stay in use/)
    renameSync(`${rootKey}.away`, rootKey)
    await server.waitForServing(3)
    server.child.kill('SIGHUP')
    const reread = () =>
      server.lines().flatMap(({ msg, worker }) => (msg === 'the root keys were read again' ? [worker] : []))
    await expect.poll(() => new Set(reread()), within).toEqual(new Set([1, 2]))
    expect(await server.stop('SIGTERM')).toBe(0)
  })

  it('ends with a reason when no worker can start any more', async () => {
    const database = await databaseForTest()
    const server = await startWorkers(database)
    await server.waitForServing(2)
    rmSync(join(database.dataFolder, 'root.key'))
    const ended = new Promise((resolve) => server.child.once('exit', resolve))
    for (const pid of server.pids().values()) process.kill(pid, 'SIGKILL')
    expect(await ended).toBe(1)
    expect(server.output.join('\n')).toMatch(
      /Keystead has to stop: no worker serves, and worker \d has ended at each of 5 starts, the last time with exit code 1/,
    )
  })

  it('answers what it has accepted before it stops, and replaces a worker that was stopped alone', async () => {
    const database = await databaseForTest()
    const server = await startWorkers(database)
    await server.waitForServing(2)
    const { userKey } = await server.client.mutate('createUserKey', { name: 'key' }, 'userKey { id }')
    const token = await tokenFor(mia, systemClock)
    process.kill(server.pids().get(2) ?? 0, 'SIGTERM')
    const load = async (until: Promise<unknown>) => {
      let isOver = false
      void until.then(() => {
        isOver = true
      })
      while (!isOver) expect(await encryptOnce(server.url, token, userKey.id)).toEqual(encrypted)
    }
    await Promise.all([load(server.waitForServing(3)), load(server.waitForServing(3))])
    const waiting = Promise.all(
      Array.from({ length: 40 }, async () => {
        try {
          return await encryptOnce(server.url, token, userKey.id)
        } catch (error) {
          return (error as NodeJS.ErrnoException).code
        }
      }),
    )
    await sleep(20)
    expect(await server.stop('SIGTERM')).toBe(0)
    // A connection that was accepted is answered; one that came too late is refused.
    for (const answer of await waiting)
      expect([encrypted, 'ECONNREFUSED', 'ECONNRESET']).toContainEqual(answer)
  })

  it('takes over a certificate in all workers, and none that does not match its key', async () => {
    const database = await databaseForTest()
    const [certificate, key] = [join(database.dataFolder, 'tls.crt'), join(database.dataFolder, 'tls.key')]
    const renew = (paths: { certificate: string; key: string }) => {
      makeCertificate(paths, 'DNS:localhost,IP:127.0.0.1')
      chmodSync(paths.key, 0o600)
    }
    renew({ certificate, key })
    const server = await startWorkers(database, { TLS_CERT_FILE: certificate, TLS_KEY_FILE: key })
    await server.waitForServing(2)
    expect(server.url).toMatch(/^https:/)
    const tellers = (text: string) =>
      new Set(server.lines().flatMap(({ msg, worker }) => (String(msg).includes(text) ? [worker] : [])))
    renew({ certificate, key: join(database.dataFolder, 'other.key') })
    server.child.kill('SIGHUP')
    await expect
      .poll(() => tellers('could not be replaced, and the former one stays in use'), within)
      .toEqual(new Set([1, 2]))
    renew({ certificate, key })
    server.child.kill('SIGHUP')
    await expect.poll(() => tellers('a new certificate is used'), within).toEqual(new Set([1, 2]))
    expect(await server.stop('SIGTERM')).toBe(0)
  })

  it('replaces a worker that does not respond', async () => {
    const server = await startWorkers(await databaseForTest())
    await server.waitForServing(2)
    process.kill(server.pids().get(2) ?? 0, 'SIGSTOP')
    await expect
      .poll(() => server.output.join('\n'), { timeout: 120_000 })
      .toContain('a worker does not respond, and is ended')
    await server.waitForServing(3)
  })
})

describe.skipIf(hasNoDatabase())('the start of a server with workers', () => {
  it('prepares an empty database once, and warns of more workers than processors', async () => {
    const server = await startWorkers(await databaseForTest(createEmptyDatabase), { WORKERS: '3' })
    await server.waitForServing(3)
    const warnings = server.lines().filter(({ level }) => level === 40)
    expect(warnings.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^there are more workers than processors/)]),
    )
    expect(await server.client.ask('{ userKeys { totalCount } }')).toEqual({ userKeys: { totalCount: 0 } })
  })

  it.each([
    [
      'a port that is in use',
      async (url: string) => ({ PORT: new URL(url).port }),
      /port \d+ of .+ is in use/,
    ],
    ['a missing root key', async () => ({ ROOT_KEY_FILE: '/nowhere/root.key' }), /root key file/],
  ])('ends with a reason for %s', async (_what, change, reason) => {
    const database = await databaseForTest()
    const running = await startWorkers(database)
    const environment = await environmentFor(database, { ...(await change(running.url)) })
    const { code, said } = await runCommand(environment, 'serve', '--workers', '2')
    expect(code).toBe(1)
    expect(said).toMatch(reason)
    expect(said).toContain('Keystead has to stop: its first worker could not start')
  })
})

describe('the embedded database', () => {
  it('is refused to several workers, and "auto" takes one process', async () => {
    const environment = { DATA_FOLDER: '/nowhere', PORT: '0' }
    const { code, said } = await runCommand(environment, 'serve', '--workers', '2')
    expect(code).toBe(1)
    expect(said).toContain('WORKERS above 1 needs DATABASE_URL')
    const { said: unknown } = await runCommand(environment, 'serve', '--workers', 'many')
    expect(unknown).toContain('WORKERS must be a whole number from 1 to 256, or auto')
  })
})
