import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'
import { parsePostgresUrl } from '../../src/store/postgres/url.ts'
import { failureOf } from '../support/failures.ts'

const wanted = 'target_session_attrs=read-write'

describe('the address of a database', () => {
  it('with one host is left as it is, for pg reads it by itself', () => {
    for (const url of [
      'postgresql://keystead:pw@db.example.com:5432/keystead?sslmode=verify-full',
      'postgres://keystead@[::1]:5433/keystead',
      'postgresql:///keystead?host=/var/run/postgresql',
      'postgresql://keystead:p%2Cw@db/keystead',
      `postgresql://keystead:p@w@db/keystead?${wanted}`,
    ]) {
      expect(parsePostgresUrl(url)).toMatchObject({ connectionString: url, hosts: [] })
    }
  })

  it('with several hosts gives each with its port, and keeps everything else for all of them', () => {
    const url = `postgresql://kms:a%40b,c@one:5433,two.example.com,[2001:db8::1]:6432,%2Frun%2Fpg/keys?${wanted}&sslmode=verify-full`
    expect(parsePostgresUrl(url)).toMatchObject({
      connectionString: `postgresql://kms:a%40b,c@one:5433/keys?${wanted}&sslmode=verify-full`,
      hosts: [
        { name: 'one', port: 5433 },
        { name: 'two.example.com', port: 5432 },
        { name: '2001:db8::1', port: 6432 },
        { name: '/run/pg', port: 5432 },
      ],
    })
  })

  it.each([
    ['without its scheme', 'mysql://kms:SECRET@one,two/keys', 'must start with'],
    ['with an empty host', 'postgres://kms:SECRET@one,,two/keys', 'host 2 is not'],
    ['with a port that is none', 'postgres://kms:SECRET@one,two:x/keys', 'host 2 is not'],
    ['with port 0', 'postgres://kms:SECRET@one:0,two/keys', 'host 1 is not'],
    ['with a port that is too high', 'postgres://kms:SECRET@one:65536,two/keys', 'host 1 is not'],
    ['with an open bracket', 'postgres://kms:SECRET@[::1,two/keys', 'host 1 is not'],
    ['with a wrong escape', 'postgres://kms:SECRET@%zz,two/keys', 'host 1 is not'],
    ['that wants a standby', 'postgres://kms:SECRET@one,two/keys?target_session_attrs=standby', 'read-write'],
    ['that takes any server', 'postgres://kms:SECRET@one/keys?target_session_attrs=any', 'read-write'],
    ['with hosts as a parameter', 'postgres://kms:SECRET@/keys?host=one,two', 'before the path'],
    ['with a port for all', 'postgres://kms:SECRET@one,two/keys?port=5433', 'before the path'],
  ])('%s is refused at the start, without what it holds', async (_, databaseUrl, problem) => {
    const options = { databaseUrl, dataFolder: '/nowhere', poolSize: 2, migrate: false }
    const error = await failureOf(openStore(options))
    expect(String(error)).toMatch(/DATABASE_URL .*\.$/)
    expect(String(error)).toContain(problem)
    expect(String(error)).not.toMatch(/SECRET|kms|one|two/)
  })
})
