import { describe, expect, it, onTestFinished } from 'vitest'
import { createCheckpoint, readCheckpoint } from '../../src/audit/verify/checkpoint.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
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
  const keys = await doAllSorts(story.as(mia), 'old')
  story.clock.advance({ days: 100 })
  await doAllSorts(story.as(mia), 'new')
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { story, parts, keys, close }
}

async function countOld({ store, clock }: Dependencies): Promise<number> {
  const since = new Date(clock.now().getTime() - 50 * 86_400_000)
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
    expect(await prune(parts, 101)).toEqual({ pruned: 0, notCounted: 0, notExported: 0 })
    expect(await prune(parts, 50)).toEqual({ pruned: old, notCounted: 0, notExported: 0 })
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
    expect(await prune(parts, 50)).toEqual({ pruned: 0, notCounted: 0, notExported: 0 })
  })

  it('keeps what is not counted yet, and says how much that is', async () => {
    const { parts } = await withOldRecords()
    const old = await countOld(parts)
    expect(await prune(parts, 50)).toEqual({ pruned: 0, notCounted: old, notExported: 0 })
    await countUpTo(parts, 2n)
    expect(await prune(parts, 50)).toEqual({ pruned: 4, notCounted: old - 4, notExported: 0 })
    expect(await findingsOf(parts)).toEqual([])
    await countUpTo(parts)
    expect(await prune(parts, 50)).toEqual({ pruned: old - 4, notCounted: 0, notExported: 0 })
    expect(await findingsOf(parts)).toEqual([])
  })

  it('removes nothing at all where anything does not verify', async () => {
    const { parts } = await withOldRecords()
    await countUpTo(parts)
    const before = await parts.store.db.auditEvent.count()
    const { id } = await parts.store.db.auditEvent.findFirstOrThrow({ orderBy: { occurredAt: 'desc' } })
    await parts.store.db.auditEvent.update({ where: { id }, data: { actor: 'user:nobody' } })
    await expect(prune(parts, 50)).rejects.toThrow(/^Nothing was pruned: .*was changed/)
    expect(await parts.store.db.auditEvent.count()).toBe(before)
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
