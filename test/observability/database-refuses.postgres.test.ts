import { randomBytes } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createLog } from '../../src/log.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { clientFor, type Person, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** What an operator may do to the user of a running server: the statement, the SQLSTATE, and what the log advises. */
const refusals: readonly [string, (role: string, database: string) => string, string, RegExp][] = [
  ['another password', (role) => `ALTER ROLE ${role} PASSWORD 'another'`, '28P01', /password/],
  ['no right to log in', (role) => `ALTER ROLE ${role} NOLOGIN`, '28000', /pg_hba\.conf/],
  ['no connection left', (role) => `ALTER ROLE ${role} CONNECTION LIMIT 0`, '53300', /CONNECTION LIMIT/],
  [
    'no right to connect',
    (role, database) => `REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC, ${role}`,
    '42501',
    /lacks a right/,
  ],
]

describe.skipIf(hasNoDatabase())('a database that refuses a running server', () => {
  it.each(refusals)(
    'because of %s is in the log with its SQLSTATE and what to do',
    async (_what, sql, code, advice) => {
      const story = await startStoryForTest()
      // Its housekeeping changes tables, on which rights cannot be granted meanwhile.
      await story.stop()
      const url = story.database.databaseUrl
      const address = new URL(url ?? '')
      const database = address.pathname.slice(1)
      const role = `refused_${randomBytes(4).toString('hex')}`
      const password = randomBytes(12).toString('hex')
      await asOperator(
        url,
        `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`,
        `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
        `GRANT ALL ON DATABASE ${database} TO ${role}`,
      )
      onTestFinished(async () => void (await asOperator(url, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`)))
      address.username = role
      address.password = password
      const logged: string[] = []
      const app = await createApp(
        { ...story.config, DATABASE_URL: address.href },
        { clock: story.clock, log: createLog('debug', { write: (line) => void logged.push(line) }) },
      )
      onTestFinished(() => app.close())
      const client = clientFor(mia, { getUrl: () => app.url, clock: story.clock })
      expect((await client.send('{ userKeys { totalCount } }')).errors).toEqual([])
      await asOperator(
        url,
        sql(role, database),
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`,
      )
      const warnings = () =>
        logged
          .map((line) => JSON.parse(line))
          .filter(({ part }) => part === 'database')
          .filter((line) => line.code === code)
      await expect
        .poll(
          async () => {
            const { errors } = await client.send('{ userKeys { totalCount } }')
            expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAVAILABLE'])
            return warnings().length
          },
          { timeout: 20_000 },
        )
        .toBe(1)
      expect(warnings()[0]).toMatchObject({ level: 40, msg: expect.stringMatching(advice) })
      const ready = await fetch(`${app.url}/readyz`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toMatchObject({ parts: ['database'] })
      // Again and again the same, and one warning.
      for (let times = 0; times < 5; times++) await client.send('{ userKeys { totalCount } }')
      expect(warnings()).toHaveLength(1)
      expect(logged.join('')).not.toContain(password)
      expect(logged.join('')).not.toContain('PrismaClient')
    },
  )
})
