import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { runDoctorHere } from '../support/run-here.ts'
import { cannotRun } from '../support/skip.ts'
import { endStory, environmentFor, type Story, startStory } from '../support/story.ts'

describe.skipIf(hasNoDatabase())('keystead doctor on PostgreSQL', () => {
  let story: Story
  let settings: Record<string, string>

  beforeAll(async () => {
    story = await startStory()
    settings = { ...(await environmentFor(story.database)), PORT: new URL(story.app.url).port }
    // The clock of the story stands.
    await asOperator(story.database.databaseUrl, 'DELETE FROM certain_time')
    await story.as({ name: 'mia', roles: ['KMS_MANAGER'] }).mutate('createUserKey', { name: 'orders' })
  })
  afterAll(() => endStory(story))

  /** A role that may log in, and its address. */
  async function roleWith(...rights: string[]): Promise<string> {
    const role = `doctor_${Math.random().toString(36).slice(2, 10)}`
    const url = story.database.databaseUrl
    await asOperator(
      url,
      `CREATE ROLE ${role} LOGIN PASSWORD '${role}'`,
      ...rights.map((sql) => sql.replaceAll('ROLE', role)),
    )
    onTestFinished(async () => void (await asOperator(url, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`)))
    const address = new URL(url ?? '')
    address.username = role
    address.password = role
    return address.href
  }

  it('finds nothing wrong beside a running server, and says what it saw', async () => {
    const url = await roleWith(
      'GRANT ALL ON SCHEMA public TO ROLE',
      'GRANT ALL ON ALL TABLES IN SCHEMA public TO ROLE',
    )
    const { code, result, checks } = await runDoctorHere({ ...settings, DATABASE_URL: url })
    expect({ code, result, checks }).toMatchObject({ code: 0, result: 'ok' })
    expect(checks['database']?.finding).toMatch(
      /^PostgreSQL \d+.*, \d+ MiB, \d+ of \d+ connections in use\.$/,
    )
    expect(checks['audit-trail']?.finding).toMatch(/^\d+ chains with \d+ records?, and 1 key verified\.$/)
    expect(checks['issuers']?.finding).toBe('The keys of 1 entry can be read.')
    expect(checks['server']?.result).toBe('ok')
  })

  it('warns of a superuser, and names the tables and rights that a role lacks', async () => {
    expect((await runDoctorHere(settings)).checks['database-role']).toMatchObject({
      result: 'warning',
      finding: expect.stringContaining('is a superuser'),
    })
    const url = await roleWith(
      'GRANT USAGE ON SCHEMA public TO ROLE',
      'GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE',
    )
    const { code, checks } = await runDoctorHere({ ...settings, DATABASE_URL: url })
    expect(code).toBe(1)
    expect(checks['database-role']).toMatchObject({
      result: 'error',
      finding: expect.stringMatching(/lacks rights on tables: \w+ \(DELETE\), \w+ \(INSERT\)/),
    })
  })

  it.each([
    ['no server', (url: URL) => Object.assign(url, { port: '1' }), /ECONNREFUSED/],
    ['a wrong password', (url: URL) => Object.assign(url, { password: 'wrong' }), /28P01.*password/],
    ['no such database', (url: URL) => Object.assign(url, { pathname: '/none' }), /3D000/],
  ])('says with %s what is wrong, and skips what it cannot know', async (_case, change, text) => {
    const url = change(new URL(story.database.databaseUrl ?? '')).href
    const { code, checks } = await runDoctorHere({ ...settings, DATABASE_URL: url })
    expect(code).toBe(1)
    expect(checks['database']).toMatchObject({ result: 'error', finding: expect.stringMatching(text) })
    expect(JSON.stringify(checks)).not.toContain(new URL(url).password)
    expect(checks['pooler']?.result).toBe('skipped')
    expect(checks['audit-trail']?.result).toBe('skipped')
  })

  it('reports keys of an issuer that cannot be read', async () => {
    const url = `http://127.0.0.1:${await freePort()}/jwks`
    const { checks } = await runDoctorHere({
      ...settings,
      AUTH_JWKS_FILE: '',
      AUTH_JWKS_URL: url,
    })
    expect(checks['issuers']).toMatchObject({
      result: 'error',
      finding: expect.stringContaining(`${url} cannot be used (ECONNREFUSED)`),
    })
  })

  it('reports a record of the audit trail that was changed', async () => {
    await asOperator(
      story.database.databaseUrl,
      `UPDATE audit_events SET actor = 'user:nobody' WHERE action = 'CREATE_USER_KEY'`,
    )
    const { code, checks } = await runDoctorHere(settings)
    expect(code).toBe(1)
    expect(checks['audit-trail']).toMatchObject({
      result: 'error',
      finding: expect.stringMatching(/^\d+ findings?: chain /),
    })
  })

  describe.skipIf(
    spawnSync('pgbouncer', ['--version']).error !== undefined &&
      cannotRun('the tests with PgBouncer', 'Install the package pgbouncer.'),
  )('behind PgBouncer', () => {
    it.each([
      ['session', 'ok'],
      ['transaction', 'error'],
    ])('in %s mode reports: %s', async (mode, result) => {
      const url = await startPgBouncer(story.database.databaseUrl ?? '', mode)
      const { checks } = await runDoctorHere({ ...settings, DATABASE_URL: url })
      expect(checks['pooler']?.result).toBe(result)
    })
  })
})

/** Starts PgBouncer before a database until the test ends, and gives the address of the database behind it. */
async function startPgBouncer(databaseUrl: string, mode: string): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const name = pathname.slice(1)
  const folder = mkdtempSync(join(tmpdir(), 'keystead-pgbouncer-'))
  const ownPort = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  const target = `host=${hostname} port=${port} dbname=${name} user=${username} password=${password}`
  writeFileSync(
    file,
    `[databases]
${name} = ${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
`,
    { mode: 0o644 },
  )
  spawnSync('chmod', ['755', folder])
  const asOther = process.getuid?.() === 0 ? ['--user=nobody'] : []
  const child = spawn('pgbouncer', [...asOther, file], { stdio: 'ignore' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(folder, { recursive: true })
  })
  await listens(child, ownPort)
  return `postgresql://${username}:x@127.0.0.1:${ownPort}/${name}`
}

async function listens(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error('PgBouncer has ended')
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
