import { describe, expect, it, onTestFinished } from 'vitest'
import type { AuditEvent } from '../../src/audit/events.ts'
import { createAuditWriter } from '../../src/audit/write/writer.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { startStoryForTest } from '../support/story.ts'
import { findingsOf, openTrail } from './opened-trail.ts'

const event = (requestId: string): AuditEvent => ({
  actor: { projectId: 'shop', subject: 'user:mia', tokenId: null, clientAddress: null, requestId },
  action: 'UPDATE_USER_KEY',
  outcome: 'SUCCEEDED',
  errorCode: null,
  keyId: null,
  keyRevision: null,
  versionNumber: null,
  details: {},
})

describe.skipIf(hasNoDatabase())('a writer that has no chain yet', () => {
  it('records all changes, though many are the first', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const { store, auditKeys } = parts
    for (let round = 0; round < 20; round++) {
      const alarms: Error[] = []
      const writer = createAuditWriter({
        store,
        clock: story.clock,
        chainMac: auditKeys.chainMac,
        alert: (error) => void alarms.push(error),
      })
      const changes = Array.from({ length: 8 }, (_, index) =>
        store.transaction((tx) => writer.recordIn(tx, event(`${round}-${index}`))),
      )
      const outcomes = await Promise.allSettled(changes)
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
      expect(alarms).toEqual([])
    }
    expect(await findingsOf(parts)).toEqual([])
  })
})
