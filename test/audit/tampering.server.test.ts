import { describe, expect, it, onTestFinished } from 'vitest'
import { firstHash, hashOf } from '../../src/audit/chain.ts'
import { createCheckpoint, readCheckpoint } from '../../src/audit/verify/checkpoint.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { everyChain } from '../../src/store/audit/chain-rows.ts'
import { findChainedEvents } from '../../src/store/audit/event-rows.ts'
import { macCoveredRows } from '../../src/store/rows/mac-covered-rows.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { doAllSorts, findingsAfter, findingsOf, type MadeKeys, openTrail } from './opened-trail.ts'
import { uuidOf } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** A trail of four chains: 1 and 3 of operations, 2 and 4 of changes. */
async function withTrail(): Promise<{ parts: Dependencies; keys: MadeKeys }> {
  const story = await startStoryForTest()
  await doAllSorts(story.as(mia), 'first')
  await story.restart()
  const keys = await doAllSorts(story.as(mia), 'second')
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { parts, keys }
}

const chain = (number: number) => `(SELECT id FROM audit_chains WHERE number = ${number})`
const record = (number: number, sequence: number) => `chain_id = ${chain(number)} AND sequence = ${sequence}`

describe.skipIf(hasNoDatabase())('a verification of the audit trail', () => {
  it('finds nothing where nobody touched anything', async () => {
    const { parts } = await withTrail()
    expect(await findingsOf(parts)).toEqual([])
  })

  it('reads the row of a key whatever its ID is, also where it comes before all others', async () => {
    const story = await startStoryForTest()
    await story.as(mia).mutate('createUserKey', { name: 'draft', preActivation: true })
    const nil = '00000000-0000-0000-0000-000000000000'
    await story.sql(`UPDATE keys SET id = '${nil}'`)
    await story.stop()
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const read = await Array.fromAsync(macCoveredRows(parts.store.db).keys())
    expect(read.flat().map(({ id }) => id)).toEqual([nil])
  })

  it('names a record of which any column was changed', async () => {
    const { parts } = await withTrail()
    const changes = {
      id: 'gen_random_uuid()',
      project_id: `'other'`,
      occurred_at: `occurred_at + interval '1 ms'`,
      action: `'DECRYPT'`,
      outcome: `'DENIED'`,
      error_code: `'FORBIDDEN'`,
      actor: `'user:nobody'`,
      token_id: 'NULL',
      client_address: `'192.0.2.1'`,
      request_id: `'other'`,
      key_id: 'gen_random_uuid()',
      key_revision: '7',
      version_number: '7',
      details: `'{"a":1}'`,
      hash: `decode('00', 'hex')`,
    }
    const columns = await parts.store.db.$queryRaw<{ name: string }[]>`
      SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'audit_events'`
    const place = ['chain_id', 'sequence']
    expect([...Object.keys(changes), ...place].sort()).toEqual(columns.map(({ name }) => name).sort())
    for (const [column, value] of Object.entries(changes)) {
      const sql = `UPDATE audit_events SET ${column} = ${value} WHERE ${record(1, 2)}`
      expect([column, (await findingsAfter(parts, [sql]))[0]]).toEqual([
        column,
        'chain 1, record 2 was changed',
      ])
    }
  })

  it('names a record that was deleted, also where the others moved up', async () => {
    const { parts } = await withTrail()
    const deletion = `DELETE FROM audit_events WHERE ${record(1, 2)}`
    expect(await findingsAfter(parts, [deletion])).toEqual(['chain 1, record 2 is missing'])
    const first = `DELETE FROM audit_events WHERE ${record(1, 1)}`
    expect(await findingsAfter(parts, [first])).toEqual(['chain 1, record 1 is missing'])
    const moves = [3, 4, 5].map((n) => `UPDATE audit_events SET sequence = ${n - 1} WHERE ${record(1, n)}`)
    expect(await findingsAfter(parts, [deletion, ...moves])).toEqual(['chain 1, record 2 was changed'])
  })

  it('names the first of two records that were swapped', async () => {
    const { parts } = await withTrail()
    const swap = (from: number, to: number) =>
      `UPDATE audit_events SET sequence = ${to} WHERE ${record(1, from)}`
    expect(await findingsAfter(parts, [swap(2, 99), swap(4, 2), swap(99, 4)])).toEqual([
      'chain 1, record 2 is out of order',
    ])
  })

  it('names each chain by its first bad record', async () => {
    const { parts } = await withTrail()
    const changes = [
      `UPDATE audit_events SET actor = 'user:nobody' WHERE ${record(1, 2)} OR ${record(1, 3)}`,
      `DELETE FROM audit_events WHERE ${record(3, 3)}`,
    ]
    expect(await findingsAfter(parts, changes)).toEqual([
      'chain 1, record 2 was changed',
      'chain 3, record 3 is missing',
    ])
    // In the same order, whichever of several readers is done first.
    for (const sql of changes) await parts.store.db.$executeRawUnsafe(sql)
    const { chainMac } = parts.auditKeys
    const reports = await Promise.all(
      [1, 2, 5].map((readers) => verifyAudit({ db: parts.store.db, chainMac, readers })),
    )
    for (const report of reports) expect(report).toEqual(reports[0])
    expect(reports[0]?.findings).toHaveLength(2)
  })

  it('finds a tail that was cut off, also with the head set back to it', async () => {
    const { parts } = await withTrail()
    const cut = `DELETE FROM audit_events WHERE chain_id = ${chain(1)} AND sequence > 3`
    expect(await findingsAfter(parts, [cut])).toEqual(['chain 1, record 4 is missing'])
    const head = `UPDATE audit_chains SET head_sequence = 3,
      head_hash = (SELECT hash FROM audit_events WHERE ${record(1, 3)}) WHERE number = 1`
    expect(await findingsAfter(parts, [cut, head])).toEqual([
      'chain 1 does not end where the server left it: its head was changed',
    ])
  })

  it('finds a chain that was hashed anew by somebody who has not its key', async () => {
    const { parts } = await withTrail()
    const { value: first } = await everyChain(parts.store.db).next()
    const { id: chainId = '' } = first ?? {}
    const events = await findChainedEvents(parts.store.db, { chainId, after: 0, upTo: 99, max: 99 })
    let hash = firstHash(chainId)
    const updates = events.map((event) => {
      hash = hashOf(hash, event.sequence === 2 ? { ...event, actor: 'user:nobody' } : event)
      return `UPDATE audit_events SET hash = '\\x${Buffer.from(hash).toString('hex')}' WHERE ${record(1, event.sequence)}`
    })
    const change = `UPDATE audit_events SET actor = 'user:nobody' WHERE ${record(1, 2)}`
    expect(await findingsAfter(parts, [change, ...updates])).toEqual([
      `chain 1, record ${events.length} is not the one that the chain ends with`,
    ])
    const head = `UPDATE audit_chains SET head_hash = '\\x${Buffer.from(hash).toString('hex')}' WHERE number = 1`
    expect(await findingsAfter(parts, [change, ...updates, head])).toEqual([
      'chain 1 does not end where the server left it: its head was changed',
    ])
  })

  it('finds a chain that was deleted, and one whose row was changed', async () => {
    const { parts } = await withTrail()
    const deletion = [
      `DELETE FROM audit_events WHERE chain_id = ${chain(1)}`,
      'DELETE FROM audit_chains WHERE number = 1',
    ]
    expect(await findingsAfter(parts, deletion)).toEqual(['chain 1 is missing'])
    for (const change of ['number = 9', `kind = 'MANAGEMENT'`, `started_at = '2020-01-01'`]) {
      expect(
        await findingsAfter(parts, [`UPDATE audit_chains SET ${change} WHERE number = 3`]),
        change,
      ).toContain(`chain ${change === 'number = 9' ? 9 : 3} has a row that was changed`)
    }
    const base = `UPDATE audit_chains SET base_sequence = 2,
      base_hash = (SELECT hash FROM audit_events WHERE ${record(1, 2)}) WHERE number = 1`
    const cut = `DELETE FROM audit_events WHERE chain_id = ${chain(1)} AND sequence <= 2`
    expect(await findingsAfter(parts, [base, cut])).toEqual([
      'chain 1 has a row that was changed',
      '2 records were pruned, but 0 are on record as pruned',
    ])
  })

  it('finds records that were added', async () => {
    const { parts } = await withTrail()
    const add = (chainId: string, sequence: string) => `INSERT INTO audit_events (id, project_id,
        occurred_at, action, outcome, error_code, actor, token_id, client_address, request_id, key_id, key_revision,
        version_number, details, chain_id, sequence, hash)
      SELECT gen_random_uuid(), project_id, occurred_at, action, outcome, error_code, actor, token_id, client_address,
        request_id, key_id, key_revision, version_number, details, ${chainId}, ${sequence}, hash
      FROM audit_events WHERE ${record(1, 2)}`
    const end = '(SELECT head_sequence FROM audit_chains WHERE number = 1)'
    expect((await findingsAfter(parts, [add(chain(1), `${end} + 1`)]))[0]).toMatch(
      /^chain 1, record \d+ stands behind the end of the chain$/,
    )
    expect(await findingsAfter(parts, [add(chain(1), '0')])).toEqual(['chain 1, record 0 is out of order'])
    expect(await findingsAfter(parts, [add('NULL', 'NULL')])).toEqual([
      '1 record is in no chain, though this installation has had chains from the beginning',
    ])
    for (const stray of [add('gen_random_uuid()', '1'), add(chain(1), 'NULL')]) {
      expect((await findingsAfter(parts, [stray]))[0]).toMatch(/names a place in a chain that is not there$/)
    }
  })

  it('compares with a checkpoint, which knows a tail and a chain that are gone without a trace', async () => {
    const { parts } = await withTrail()
    const { store, clock, auditKeys } = parts
    const checkpoint = await readCheckpoint(
      await createCheckpoint(store.db, clock, auditKeys),
      auditKeys.checkpointKey,
    )
    expect(await findingsAfter(parts, [], checkpoint)).toEqual([])
    // As if the database had been set back to when the chain was opened: its head is authentic.
    const [, , third] = checkpoint.chains
    const start = { sequence: 0, hash: firstHash(third?.id ?? '') }
    const headMac = Buffer.from(auditKeys.chainMac.headMac(third?.id ?? '', start)).toString('hex')
    const setBack = [
      `DELETE FROM audit_events WHERE chain_id = ${chain(3)}`,
      `UPDATE audit_chains SET head_sequence = 0, head_hash = base_hash, head_mac = '\\x${headMac}' WHERE number = 3`,
    ]
    expect(await findingsAfter(parts, setBack)).toEqual([])
    expect(await findingsAfter(parts, setBack, checkpoint)).toEqual([
      `chain 3, record 1 is missing: the checkpoint knows records up to ${third?.sequence}`,
    ])
    const last = checkpoint.chains.length
    const gone = [
      `DELETE FROM audit_events WHERE chain_id = ${chain(last)}`,
      `DELETE FROM audit_chains WHERE number = ${last}`,
    ]
    expect(await findingsAfter(parts, gone, checkpoint)).toContain(
      `chain ${last} is missing: the checkpoint knows it`,
    )
    const other = {
      ...checkpoint,
      chains: checkpoint.chains.map((each) => ({ ...each, hash: Buffer.from('x') })),
    }
    expect((await findingsAfter(parts, [], other))[0]).toMatch(
      /^chain 1, record \d+ is not the one that the checkpoint knows$/,
    )
  })
})

describe.skipIf(hasNoDatabase())('a verification of the keys against the audit trail', () => {
  it('names a key and a version that went back, and a key that is newer than the trail knows', async () => {
    const { parts, keys } = await withTrail()
    const id = uuidOf(keys.changed)
    const set = (revision: number) => `UPDATE keys SET revision = ${revision} WHERE id = '${id}'`
    expect(await findingsAfter(parts, [set(2)])).toEqual([
      `key ${keys.changed} went back to revision 2; revision 3 is on record`,
    ])
    expect(await findingsAfter(parts, [set(4)])).toEqual([
      `key ${keys.changed} has revision 4, but only 3 is on record`,
    ])
    const version = `UPDATE key_versions SET status = 'ACTIVE', key_revision = 1 WHERE key_id = '${id}' AND number = 1`
    expect(await findingsAfter(parts, [version])).toEqual([
      `version 1 of key ${keys.changed} went back to how revision 1 left it; it was changed in revision 3`,
    ])
  })

  it('names a key that is gone though it was not deleted, and one whose deletion left nothing', async () => {
    const { parts, keys } = await withTrail()
    for (const [table, key] of [
      ['keys', keys.changed],
      ['deleted_keys', keys.deleted],
    ] as const) {
      expect(await findingsAfter(parts, [`DELETE FROM ${table} WHERE id = '${uuidOf(key)}'`])).toEqual([
        `key ${key} is gone, though it was not deleted or its deletion left a row`,
      ])
    }
  })
})
