import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findVersionCallers } from '../../src/store/audit/version-callers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestDatabase, hasNoDatabase, type TestDatabase } from '../support/databases.ts'

const keyId = '00000000-0000-7000-8000-000000000007'

describe.skipIf(hasNoDatabase())('finding the callers of a version among many events', () => {
  let database: TestDatabase
  let store: Store
  let statement = ''

  beforeAll(async () => {
    database = await createTestDatabase()
    const onStatement = (sql: string) => {
      statement = sql
    }
    store = await openStore({ ...database, poolSize: 1, migrate: true, onStatement })
    for (const sql of [
      `INSERT INTO audit_chains (id, number, kind, started_at, base_sequence, base_hash, mac, head_sequence,
          head_hash, head_mac)
        SELECT gen_random_uuid(), n, 'OPERATIONS', now(), 0, '', '', 20000, '', '' FROM generate_series(1, 2) n`,
      `INSERT INTO audit_events (id, project_id, occurred_at, action, outcome, actor, request_id, key_id,
          version_number, details, chain_id, sequence, hash)
        SELECT gen_random_uuid(), 'shop', now(), 'DECRYPT', 'SUCCEEDED', 'user:alice', 'r', '${keyId}', 1, '{}',
          c.id, n, '' FROM audit_chains c, generate_series(1, 20000) n`,
      'INSERT INTO audit_rollup_progress SELECT id, 19990 FROM audit_chains',
      'ANALYZE',
    ]) {
      await store.db.$executeRawUnsafe(sql)
    }
  })
  afterAll(async () => {
    await store.close()
    await database.dispose()
  })

  it('reads no others than those that are not counted yet', async () => {
    const found = await findVersionCallers(store.db, {
      versions: [{ keyId, publicKeyId: 'ukey_x', number: 1 }],
      actions: ['DECRYPT'],
      sourceAction: 'RE_ENCRYPT_FROM',
      sinceDay: '2020-01-01',
    })
    expect(found).toMatchObject([{ actor: 'user:alice', action: 'DECRYPT', succeeded: 20, refused: 0 }])
    await store.db.$executeRawUnsafe(`PREPARE callers AS ${statement}`)
    const [first] = await store.db.$queryRawUnsafe<{ types: string }[]>(
      `SELECT parameter_types::text AS types FROM pg_prepared_statements WHERE name = 'callers'`,
    )
    const values: Readonly<Record<string, string>> = {
      'uuid[]': `ARRAY['${keyId}']::uuid[]`,
      'text[]': "ARRAY['DECRYPT']",
      'integer[]': 'ARRAY[1]',
      text: "'2020-01-01'",
    }
    const types = first?.types.slice(1, -1).replaceAll('"', '').split(',') ?? []
    const plan = await store.db.$queryRawUnsafe<Record<string, string>[]>(
      `EXPLAIN EXECUTE callers(${types.map((type) => values[type]).join(', ')})`,
    )
    const text = plan.map((row) => row['QUERY PLAN']).join('\n')
    expect(text).toMatch(/audit_events\w*_chain_id_sequence_key/)
    expect(text).not.toMatch(/Seq Scan on audit_events/)
  })
})
