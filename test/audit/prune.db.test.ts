import { describe, expect, it, onTestFinished } from 'vitest'
import { hashOf } from '../../src/audit/chain.ts'
import { pruneAudit } from '../../src/audit/prune/prune.ts'
import { createCheckpoint, readCheckpoint } from '../../src/audit/verify/checkpoint.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'
import { findPartitions } from '../../src/store/audit/partition-rows.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { doAllSorts, findingsAfter, findingsOf, type MadeKeys, openTrail } from './opened-trail.ts'
import { countUpTo, prune } from './pruned-trail.ts'
import { uuidOf } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** Records of two moments, 100 days apart, in the same two chains. */
async function withOldRecords(): Promise<{
  story: Story
  parts: Dependencies
  keys: MadeKeys
  close: () => Promise<void>
}> {
  const story = await startStoryForTest()
  // By now there is a partition for this month.
  await story.app.housekeeping.runOnce()
  const keys = await doAllSorts(story.as(mia), 'old')
  story.clock.advance({ days: 100 })
  await doAllSorts(story.as(mia), 'new')
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { story, parts, keys, close }
}

function daysBefore({ clock }: Dependencies, days: number): Date {
  return new Date(clock.now().getTime() - days * 86_400_000)
}

async function countOld(parts: Dependencies): Promise<number> {
  const { store } = parts
  const since = daysBefore(parts, 50)
  return store.db.auditEvent.count({ where: { occurredAt: { lt: since } } })
}

describe.skipIf(hasNoDatabase())('pruning the audit trail', () => {
  it('removes what is old enough and nothing else, leaves a trail that verifies, and is on record', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const checkpoint = await readCheckpoint(
      await createCheckpoint(parts.store.db, parts.clock, parts.auditKeys),
      parts.auditKeys.checkpointKey,
    )
    const [all, old] = [await parts.store.db.auditEvent.count(), await countOld(parts)]
    expect(await prune(parts, 101)).toMatchObject({ pruned: 0, notCounted: 0 })
    expect(await prune(parts, 50)).toEqual({
      pruned: old,
      notCounted: 0,
      notExported: 0,
      partitions: 1,
      isLeft: false,
    })
    expect(old).toBe(all / 2)
    expect(await countOld(parts)).toBe(0)
    const records = await parts.store.db.auditEvent.findMany({ where: { action: 'PRUNE_AUDIT' } })
    const ranges = records.map(({ details }) => details as { chain: number; first: number; last: number })
    expect(ranges.map(({ chain, first }) => [chain, first]).sort()).toEqual([
      [1, 1],
      [2, 1],
    ])
    expect(ranges.reduce((sum, { last }) => sum + last, 0)).toBe(old)
    expect(records.every(({ actor, outcome }) => actor === 'system:audit' && outcome === 'SUCCEEDED')).toBe(
      true,
    )
    expect(await parts.store.db.auditEvent.count()).toBe(all - old + 2)
    expect(await findingsOf(parts, { checkpoint })).toEqual([])
    expect(await prune(parts, 50)).toMatchObject({ pruned: 0, notCounted: 0 })
  })

  it('keeps what is not counted yet, and says how much that is', async () => {
    const { parts } = await withOldRecords()
    const old = await countOld(parts)
    expect(await prune(parts, 50)).toMatchObject({ pruned: 0, notCounted: old })
    await countUpTo(parts, 2n)
    expect(await prune(parts, 50)).toMatchObject({ pruned: 4, notCounted: old - 4 })
    expect(await findingsOf(parts)).toEqual([])
    await countUpTo(parts)
    expect(await prune(parts, 50)).toMatchObject({ pruned: old - 4, notCounted: 0 })
    expect(await findingsOf(parts)).toEqual([])
  })

  it('removes nothing where anything that it would remove does not verify', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const before = await parts.store.db.auditEvent.count()
    const { id } = await parts.store.db.auditEvent.findFirstOrThrow({ orderBy: { occurredAt: 'asc' } })
    await parts.store.db.auditEvent.update({ where: { id }, data: { actor: 'user:nobody' } })
    await expect(prune(parts, 50)).rejects.toThrow(/^Nothing was pruned: .*was changed/)
    expect(await parts.store.db.auditEvent.count()).toBe(before)
  })

  it('removes nothing where the record after it does not follow on it', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const old = await countOld(parts)
    const chain = await parts.store.db.auditChain.findFirstOrThrow({ orderBy: { number: 'asc' } })
    const [first, ...rest] = await parts.store.db.auditEvent.findMany({
      where: { chainId: chain.id },
      orderBy: { sequence: 'asc' },
    })
    // Somebody without the root key writes the old records anew, with hashes that follow on each other.
    const changed = [{ ...first, actor: 'user:nobody' }, ...rest.slice(0, old)] as unknown as AuditEventRow[]
    let hash: Uint8Array = chain.baseHash
    for (const event of changed.filter(({ occurredAt }) => occurredAt < daysBefore(parts, 50))) {
      hash = hashOf(hash, event)
      const { actor, id } = event
      await parts.store.db.auditEvent.update({ where: { id }, data: { actor, hash: new Uint8Array(hash) } })
    }
    await expect(prune(parts, 50)).rejects.toThrow(/^Nothing was pruned: .*was changed/)
    expect(await countOld(parts)).toBe(old)
  })

  it('does not read what stays: a record that was changed there is found as before', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const old = await countOld(parts)
    const { id } = await parts.store.db.auditEvent.findFirstOrThrow({
      where: { action: 'DELETE_USER_KEY' },
      orderBy: { sequence: 'desc' },
    })
    await parts.store.db.auditEvent.update({ where: { id }, data: { actor: 'user:nobody' } })
    expect(await prune(parts, 50)).toMatchObject({ pruned: old })
    expect(await findingsOf(parts)).toEqual([expect.stringMatching(/was changed$/)])
  })

  it('leaves a trail that verifies wherever it is killed, and goes on the next time', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const old = await countOld(parts)
    const rows = await parts.store.db.auditEvent.count()
    const { store, clock, audit, auditKeys } = parts
    const options = { store, clock, audit, chainMac: auditKeys.chainMac, olderThanDays: 50 }
    let pruned = 0
    const killed = pruneAudit({
      ...options,
      onProgress(count) {
        pruned = count
        throw new Error('killed')
      },
    })
    await expect(killed).rejects.toThrow('killed')
    // What was removed from the first chain is no part of the trail any more, though its rows are there.
    expect(pruned).toBeGreaterThan(0)
    expect(pruned).toBeLessThan(old)
    expect(await store.db.auditEvent.count()).toBe(rows + 1)
    expect(await findingsOf(parts)).toEqual([])
    expect(await prune(parts, 50)).toEqual({
      pruned: old - pruned,
      notExported: 0,
      notCounted: 0,
      partitions: 1,
      isLeft: false,
    })
    expect(await countOld(parts)).toBe(0)
    expect(await findingsOf(parts)).toEqual([])
  })

  it('keeps a place for records of the time that it dropped, and drops nothing that has one', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const old = await countOld(parts)
    const names = async () => (await findPartitions(parts.store.db)).map(({ name }) => name)
    const before = await names()
    const stray = await parts.store.db.auditEvent.findFirstOrThrow({ orderBy: { occurredAt: 'asc' } })
    await prune(parts, 50)
    expect(await names()).toEqual(['audit_events_before_2026_04', ...before.slice(2)])
    // A clock that was set back, or somebody beside the server.
    const place = { chainId: null, sequence: null, hash: null }
    const forged = { ...stray, details: {}, keyRevision: null, ...place }
    await parts.store.db.auditEvent.create({ data: forged })
    expect(await prune(parts, 50)).toMatchObject({ pruned: 0, partitions: 0 })
    expect(await parts.store.db.auditEvent.count({ where: { id: stray.id } })).toBe(1)
    expect(await findingsOf(parts)).toEqual([expect.stringMatching(/^1 record is in no chain/)])
    expect(old).toBeGreaterThan(0)
  })

  it('leaves enough to name a key that went back, or is gone, after its records were removed', async () => {
    const { parts, keys } = await withOldRecords()
    await countUpTo(parts)
    await prune(parts, 50)
    const id = uuidOf(keys.changed)
    expect(await findingsAfter(parts, [`UPDATE keys SET revision = 1 WHERE id = '${id}'`])).toEqual([
      `key ${keys.changed} went back to revision 1; revision 3 is on record`,
    ])
    expect(
      await findingsAfter(parts, [
        `UPDATE key_versions SET key_revision = 1 WHERE key_id = '${id}' AND number = 1`,
      ]),
    ).toEqual([
      `version 1 of key ${keys.changed} went back to how revision 1 left it; it was changed in revision 3`,
    ])
    expect(await findingsAfter(parts, [`DELETE FROM keys WHERE id = '${id}'`])).toHaveLength(1)
    const kept = `WHERE key_id = '${id}'`
    expect(await findingsAfter(parts, [`UPDATE audit_pruned_revisions SET revision = 9 ${kept}`])).toEqual([
      'what is kept of pruned records is not as the newest pruning left it: rows were changed',
      `key ${keys.changed}: what is kept of its pruned records was changed`,
    ])
    expect(await findingsAfter(parts, [`DELETE FROM audit_pruned_revisions ${kept}`])).toEqual([
      expect.stringMatching(/^what is kept of pruned records is not .*: there are \d+ rows instead of \d+$/),
      `key ${keys.changed} has revision 3, but only 0 is on record`,
    ])
  })

  it('leaves a trail that servers go on with', async () => {
    const { story, parts, close } = await withOldRecords()
    await countUpTo(parts)
    await prune(parts, 50)
    await close()
    await story.restart()
    await doAllSorts(story.as(mia), 'later')
    await story.stop()
    const later = await openTrail(story)
    onTestFinished(later.close)
    expect(await findingsOf(later.parts)).toEqual([])
  })
})
