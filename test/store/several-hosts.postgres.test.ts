import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'
import type { StoreOptions } from '../../src/store/store.ts'
import { asOperator } from '../support/as-operator.ts'
import { makeCertificate } from '../support/certificate.ts'
import { failureOf } from '../support/failures.ts'
import { hasNoServers } from '../support/has-no-servers.ts'
import { startInstances } from '../support/postgres-server.ts'

const noServers = await hasNoServers('the tests of several database hosts')

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const started = await startInstances(join(folder, 'postgres'), 1)
  if ('reason' in started || started[0] === undefined) throw new Error('PostgreSQL does not start')
  const [instance] = started
  onTestFinished(() => instance.stop())
  const { username, password } = new URL(instance.url)
  const addressOf = (hosts: string, parameters = '') =>
    `postgresql://${username}:${password}@${hosts}/postgres?target_session_attrs=read-write${parameters}`
  return { folder, instance, password, addressOf }
}

const open = (databaseUrl: string) => {
  const options: StoreOptions = { databaseUrl, dataFolder: '/nowhere', poolSize: 2, migrate: true }
  return openStore(options)
}

/** Gives a server a certificate for the name localhost, with which it starts again. */
async function useTls({ folder, instance }: Awaited<ReturnType<typeof startServer>>): Promise<string> {
  const [certificate, key] = [
    join(instance.dataFolder, 'server.crt'),
    join(instance.dataFolder, 'server.key'),
  ]
  makeCertificate({ key, certificate }, 'DNS:localhost')
  const { uid, gid } = statSync(instance.dataFolder)
  chmodSync(key, 0o600)
  for (const path of [key, certificate]) chownSync(path, uid, gid)
  const authority = join(folder, 'authority.crt')
  execFileSync('cp', [certificate, authority])
  await instance.stop()
  await instance.start({ ssl: 'on' })
  return authority
}

describe.skipIf(noServers)('an address with several hosts', { timeout: 180_000 }, () => {
  it('leads to the one that serves, and where none does the error says why without names', async () => {
    const { instance, password, addressOf } = await startServer()
    const store = await open(addressOf(`127.0.0.1:1,127.0.0.1:${instance.port}`))
    onTestFinished(() => store.close())
    expect(await store.db.installation.count()).toBe(0)
    const error = String(await failureOf(open(addressOf('127.0.0.1:1,nowhere.invalid:5432'))))
    expect(error).toMatch(/no host takes changes \(host 1: ECONNREFUSED, host 2: (ENOTFOUND|EAI_AGAIN)\)/)
    expect(error).not.toContain('127.0.0.1')
    expect(error).not.toContain(password)
  })

  it('needs a user who owns the database, and nothing more', async () => {
    const { instance } = await startServer()
    await asOperator(
      instance.url,
      `CREATE ROLE plain LOGIN PASSWORD 'plain'`,
      `CREATE DATABASE plain OWNER plain ENCODING 'UTF8' TEMPLATE template0`,
    )
    const store = await open(`postgresql://plain:plain@127.0.0.1:1,127.0.0.1:${instance.port}/plain`)
    onTestFinished(() => store.close())
    const [row] = await store.db.$queryRaw<{ user: string }[]>`SELECT current_user::text AS user`
    expect(row).toEqual({ user: 'plain' })
    expect(await store.db.installation.count()).toBe(0)
  })

  it('verifies the certificate of each of them against its own name', async () => {
    const server = await startServer()
    const authority = await useTls(server)
    const { instance, addressOf } = server
    const tls = `&sslmode=verify-full&sslrootcert=${authority}`
    const store = await open(addressOf(`127.0.0.1:1,localhost:${instance.port}`, tls))
    onTestFinished(() => store.close())
    const [row] = await store.db.$queryRaw<{ ssl: boolean }[]>`
      SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
    expect(row).toEqual({ ssl: true })
    const refused = await failureOf(open(addressOf(`127.0.0.1:1,127.0.0.1:${instance.port}`, tls)))
    expect(String(refused)).toContain('host 2: ERR_TLS_CERT_ALTNAME_INVALID')
  })
})
