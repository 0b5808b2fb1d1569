import { describe, expect, it, onTestFinished } from 'vitest'
import { pruneAudit } from '../../src/audit/prune/prune.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import type { AuditPrunedRevision } from '../../src/store/generated/client.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { doAllSorts, findingsAfter, findingsOf, type MadeKeys, openTrail } from './opened-trail.ts'
import { countUpTo, prune } from './pruned-trail.ts'
import { uuidOf } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

const notAsLeft = /^what is kept of pruned records is not as the newest pruning left it: /

/** A key whose version 1 was deactivated in revision 3, and which was changed again 100 days later. */
async function withKeyChangedTwice(): Promise<{ story: Story; keys: MadeKeys }> {
  const story = await startStoryForTest()
  const keys = await doAllSorts(story.as(mia), 'old')
  story.clock.advance({ days: 100 })
  await changeAgain(story, keys)
  await story.stop()
  return { story, keys }
}

const changeAgain = ({ as }: Story, { changed }: MadeKeys) =>
  as(mia).mutate('rotateUserKey', { key: changed })

/** As an operator's command does it, in a process of its own: it opens the data, prunes it and closes it. */
async function pruneOnce(story: Story): Promise<number> {
  const { parts, close } = await openTrail(story)
  try {
    await countUpTo(parts)
    return (await prune(parts, 50)).pruned
  } finally {
    await close()
  }
}

async function openForTest(story: Story): Promise<Dependencies> {
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return parts
}

const bytes = (value: Uint8Array | null): string =>
  value === null ? 'NULL' : `'\\x${Buffer.from(value).toString('hex')}'`

const putBack = (row: AuditPrunedRevision): string =>
  `UPDATE audit_pruned_revisions SET revision = ${row.revision}, records = ${row.records}, key_state = ${bytes(row.keyState)}, mac = ${bytes(row.mac)}
   WHERE key_id = '${row.keyId}' AND version_number = ${row.versionNumber}`

describe.skipIf(hasNoDatabase())('what is kept of pruned records', () => {
  it('cannot be deleted unnoticed together with a version that is set back to before it', async () => {
    const { story, keys } = await withKeyChangedTwice()
    expect(await pruneOnce(story)).toBeGreaterThan(0)
    const parts = await openForTest(story)
    const id = uuidOf(keys.changed)
    const setBack = `UPDATE key_versions SET key_revision = 1 WHERE key_id = '${id}' AND number = 1`
    expect(await findingsAfter(parts, [setBack])).toHaveLength(1)
    const deleteKept = `DELETE FROM audit_pruned_revisions WHERE key_id = '${id}'`
    expect(await findingsAfter(parts, [setBack, deleteKept])).toEqual([
      expect.stringMatching(notAsLeft),
      `key ${keys.changed} has 1 changes on record up to revision 4: records are missing`,
    ])
    expect(await findingsAfter(parts, [setBack, 'DELETE FROM audit_pruned_revisions'])).toContainEqual(
      expect.stringMatching(notAsLeft),
    )
    expect(await findingsOf(parts)).toEqual([])
  })

  it('cannot be put back to how an earlier pruning left it', async () => {
    const { story, keys } = await withKeyChangedTwice()
    await pruneOnce(story)
    const first = await openTrail(story)
    const keyId = uuidOf(keys.changed)
    const earlier = await first.parts.store.db.auditPrunedRevision.findMany({ where: { keyId } })
    await first.close()
    story.clock.advance({ days: 100 })
    await story.restart()
    await story.as(mia).mutate('activateKeyVersion', { version: { key: keys.changed, number: 1 } })
    story.clock.advance({ days: 100 })
    await story.stop()
    await pruneOnce(story)
    const parts = await openForTest(story)
    const later = await parts.store.db.auditPrunedRevision.findMany({ where: { keyId } })
    const older = earlier.find(({ versionNumber }) => versionNumber === 1)
    expect(older?.revision).toBe(3)
    expect(later.find(({ versionNumber }) => versionNumber === 1)?.revision).toBe(5)
    if (older === undefined) return
    expect(await findingsAfter(parts, [putBack(older)])).toContainEqual(expect.stringMatching(notAsLeft))
    const setBack = `UPDATE key_versions SET key_revision = 3 WHERE key_id = '${keyId}' AND number = 1`
    expect(await findingsAfter(parts, [setBack, putBack(older)])).toContainEqual(
      expect.stringMatching(notAsLeft),
    )
    expect(await findingsOf(parts)).toEqual([])
  })

  it('is a finding where there is a row and nothing was ever pruned', async () => {
    const { story, keys } = await withKeyChangedTwice()
    const parts = await openForTest(story)
    const row = { keyId: uuidOf(keys.changed), versionNumber: 0, revision: 1, records: null, keyState: null }
    const mac = parts.auditKeys.chainMac.prunedMac(row)
    const insert = `INSERT INTO audit_pruned_revisions (key_id, version_number, revision, mac)
      VALUES ('${row.keyId}', 0, 1, '\\x${Buffer.from(mac).toString('hex')}')`
    expect(await findingsAfter(parts, [insert])).toEqual([
      'what is kept of pruned records is not as the newest pruning left it: there are 1 rows instead of 0',
    ])
  })

  it('is still vouched for after a chain was removed that the newest pruning is on record in', async () => {
    const { story } = await withKeyChangedTwice()
    await pruneOnce(story)
    const parts = await openForTest(story)
    const newest = '(SELECT id FROM audit_chains ORDER BY number DESC LIMIT 1)'
    expect(
      await findingsAfter(parts, [
        'DELETE FROM audit_pruned_revisions',
        `DELETE FROM audit_events WHERE chain_id = ${newest}`,
        `DELETE FROM audit_chains WHERE id = ${newest}`,
      ]),
    ).toContainEqual(expect.stringMatching(/^\d+ records were pruned, but 0 are on record as pruned$/))
  })

  it('stops pruning where it was changed, so that no pruning vouches for the change', async () => {
    const { story } = await withKeyChangedTwice()
    await pruneOnce(story)
    story.clock.advance({ days: 100 })
    const parts = await openForTest(story)
    await countUpTo(parts)
    const records = await parts.store.db.auditEvent.count()
    await parts.store.db.auditPrunedRevision.deleteMany({ where: { versionNumber: 1 } })
    await expect(prune(parts, 50)).rejects.toThrow(/^Nothing was pruned: /)
    expect(await parts.store.db.auditEvent.count()).toBe(records)
  })

  it('stops pruning where it is changed between two steps', async () => {
    const { story, keys } = await withKeyChangedTwice()
    const parts = await openForTest(story)
    await countUpTo(parts)
    const { store, clock, audit, auditKeys } = parts
    const row = { keyId: uuidOf(keys.changed), versionNumber: 7, revision: 1, records: null, keyState: null }
    const mac = auditKeys.chainMac.prunedMac(row)
    let steps = 0
    const pruning = pruneAudit({
      ...{ store, clock, audit, chainMac: auditKeys.chainMac, olderThanDays: 50 },
      async onProgress() {
        steps++
        await store.db.auditPrunedRevision.create({ data: { ...row, mac } })
      },
    })
    await expect(pruning).rejects.toThrow(/^Pruning stopped: .* the summaries of pruned records were changed/)
    expect(steps).toBe(1)
    expect(await store.db.auditEvent.count({ where: { action: 'PRUNE_AUDIT' } })).toBe(1)
  })

  it('verifies while somebody prunes', async () => {
    const { story } = await withKeyChangedTwice()
    story.clock.advance({ days: 100 })
    const parts = await openForTest(story)
    await countUpTo(parts)
    expect((await prune(parts, 150)).pruned).toBeGreaterThan(0)
    const chains = await parts.store.db.auditChain.count()
    let pruned = 0
    const { findings } = await verifyAudit({
      db: parts.store.db,
      chainMac: parts.auditKeys.chainMac,
      // The newest chain is the one that pruning is on record in: what is added to it now is beyond this walk.
      async onProgress(progress) {
        if (progress.chains === chains && pruned === 0) pruned = (await prune(parts, 50)).pruned
      },
    })
    expect(pruned).toBeGreaterThan(0)
    expect(findings).toEqual([])
  })

  it('verifies after several prunings by several processes, with changes between them', async () => {
    const { story, keys } = await withKeyChangedTwice()
    expect(await pruneOnce(story)).toBeGreaterThan(0)
    // The records of earlier prunings become old and are pruned as well.
    for (let turn = 0; turn < 3; turn++) {
      story.clock.advance({ days: 100 })
      await story.restart()
      await changeAgain(story, keys)
      await doAllSorts(story.as(mia), `turn-${turn}`)
      await story.stop()
      expect(await pruneOnce(story)).toBeGreaterThan(0)
      expect(await pruneOnce(story)).toBe(0)
      const { parts, close } = await openTrail(story)
      expect(await findingsOf(parts)).toEqual([])
      const since = new Date(story.clock.now().getTime() - 50 * 86_400_000)
      const prunings = { action: 'PRUNE_AUDIT', occurredAt: { lt: since } }
      expect(await parts.store.db.auditEvent.count({ where: prunings })).toBe(0)
      await close()
    }
  })
})
