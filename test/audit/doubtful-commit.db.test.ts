import { describe, expect, it, onTestFinished } from 'vitest'
import type { AuditEvent } from '../../src/audit/events.ts'
import { createAuditWriter } from '../../src/audit/write/writer.ts'
import type { Executor } from '../../src/store/store.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { startStoryForTest } from '../support/story.ts'
import { findingsOf, openTrail } from './opened-trail.ts'

const event = (requestId: string): AuditEvent => ({
  actor: { projectId: 'shop', subject: 'user:mia', tokenId: null, clientAddress: null, requestId },
  action: 'ENCRYPT',
  outcome: 'SUCCEEDED',
  errorCode: null,
  keyId: null,
  keyRevision: null,
  versionNumber: null,
  details: {},
})

/** The real database, on a connection that breaks before or after the next statement that writes. */
function breaking(executor: Executor): { executor: Executor; breakNext: (when: 'before' | 'after') => void } {
  let next: 'before' | 'after' | null = null
  const broken = new Error('the connection broke')
  return {
    executor: {
      async $executeRaw(...args) {
        const when = next
        next = null
        if (when === 'before') throw broken
        const count = await executor.$executeRaw(...args)
        if (when === 'after') throw broken
        return count
      },
    },
    breakNext: (when) => {
      next = when
    },
  }
}

async function openWriter() {
  const story = await startStoryForTest()
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  const { executor, breakNext } = breaking(parts.store.executor)
  const alarms: Error[] = []
  const writer = createAuditWriter({
    store: { ...parts.store, executor },
    clock: story.clock,
    chainMac: parts.auditKeys.chainMac,
    alert: (error) => void alarms.push(error),
  })
  const requestIds = async () => {
    const rows = await parts.store.db.auditEvent.findMany({ orderBy: { sequence: 'asc' } })
    return rows.map(({ requestId }) => requestId)
  }
  return { parts, writer, breakNext, alarms, requestIds }
}

describe.skipIf(hasNoDatabase())('a group of records whose commit is in doubt', () => {
  it.each([
    ['before', ['1', '3', '4']],
    ['after', ['1', '2', '3', '4']],
  ] as const)(
    'is refused, and the chain goes on without a gap, where the connection broke %s it',
    async (when, written) => {
      const { parts, writer, breakNext, alarms, requestIds } = await openWriter()
      await writer.record([event('1')])
      breakNext(when)
      await expect(writer.record([event('2')])).rejects.toThrow('the connection broke')
      await writer.record([event('3')])
      await writer.record([event('4')])
      expect(await requestIds()).toEqual(written)
      expect(await findingsOf(parts)).toEqual([])
      expect(alarms).toEqual([])
    },
  )

  it('may still be committed when the next one is about to be written, and both stand in the chain', async () => {
    const { parts, writer, breakNext, alarms, requestIds } = await openWriter()
    await writer.record([event('1')])
    const state = await parts.store.db.auditChain.findFirstOrThrow({ orderBy: { number: 'desc' } })
    breakNext('after')
    await expect(writer.record([event('2')])).rejects.toThrow('the connection broke')
    // The chain as it would be seen while the commit of the second record is still under way.
    const late = await parts.store.db.auditChain.findFirstOrThrow({ orderBy: { number: 'desc' } })
    const record = await parts.store.db.auditEvent.findFirstOrThrow({ where: { requestId: '2' } })
    const set = ({ headSequence, headHash, headMac }: typeof state) =>
      parts.store.db.auditChain.update({
        where: { id: state.id },
        data: { headSequence, headHash, headMac },
      })
    await set(state)
    await parts.store.db.auditEvent.delete({ where: { id: record.id } })
    breakNext('before')
    await expect(writer.record([event('3')])).rejects.toThrow('the connection broke')
    await set(late)
    await parts.store.db.auditEvent.create({ data: { ...record, details: {} } })
    await writer.record([event('4')])
    expect(await requestIds()).toEqual(['1', '2', '4'])
    expect(await findingsOf(parts)).toEqual([])
    expect(alarms).toEqual([])
  })
})
