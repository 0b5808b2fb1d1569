import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { hasNoPooler, startPooler } from '../support/pooler.ts'
import { runDoctorHere } from '../support/run-here.ts'
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

  describe.skipIf(hasNoPooler())('behind PgBouncer', () => {
    it('reports a pooler in transaction mode, unless the session that listens is led past it', async () => {
      const direct = story.database.databaseUrl ?? ''
      const { databaseUrl } = await startPooler(direct, 'transaction')
      const alone = await runDoctorHere({ ...settings, DATABASE_URL: databaseUrl })
      expect(alone.checks['pooler']).toMatchObject({
        result: 'error',
        finding: expect.stringContaining('set DATABASE_LISTEN_URL'),
      })
      const both = { ...settings, DATABASE_URL: databaseUrl, DATABASE_LISTEN_URL: direct }
      expect((await runDoctorHere(both)).checks['pooler']).toMatchObject({ result: 'ok' })
    })
  })
})
