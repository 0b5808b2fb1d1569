import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { pruneAudit } from '../../src/audit/prune/prune.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { doAllSorts, findingsOf, openTrail } from './opened-trail.ts'
import { countUpTo } from './pruned-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

describe.skipIf(hasNoDatabase())('pruning while somebody reads the trail for long', () => {
  it('removes the records at once, and drops their partition once the reader is done', async () => {
    const story = await startStoryForTest()
    await story.app.housekeeping.runOnce()
    await doAllSorts(story.as(mia), 'old')
    story.clock.advance({ days: 100 })
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    await countUpTo(parts)
    // As a backup holds it.
    const reader = new pg.Client({ connectionString: story.config.DATABASE_URL ?? '' })
    await reader.connect()
    onTestFinished(() => reader.end())
    await reader.query('BEGIN')
    await reader.query('LOCK TABLE audit_events IN ACCESS SHARE MODE')
    const { rows } = await reader.query('SELECT count(*)::int AS count FROM audit_events')

    const { store, clock, audit, auditKeys } = parts
    const options = { store, clock, audit, chainMac: auditKeys.chainMac, olderThanDays: 50, attemptsMax: 2 }
    const first = await pruneAudit(options)
    expect(first).toMatchObject({ partitions: 0, isLeft: true })
    expect(first.pruned).toBe(rows[0].count)
    expect(await findingsOf(parts)).toEqual([])
    // The server goes on meanwhile.
    await doAllSorts(story.as(mia), 'new')
    await reader.query('COMMIT')
    expect(await pruneAudit(options)).toMatchObject({ pruned: 0, partitions: 1, isLeft: false })
    expect(await store.db.auditEvent.count({ where: { occurredAt: { lt: clock.now() } } })).toBe(0)
    expect(await findingsOf(parts)).toEqual([])
  })
})
