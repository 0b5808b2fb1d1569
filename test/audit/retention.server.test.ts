import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { startReceiver } from './http-receiver.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'
import { exportedLines, folderForTest, linesIn, verifyExport } from './sink-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** A server that keeps records for 10 days, and looks each second. */
const withRetention = (settings: Record<string, string>) =>
  startStoryForTest({
    AUDIT_RETENTION_DAYS: '10',
    HOUSEKEEPING_INTERVAL_SECONDS: '1',
    AUDIT_SINK_BATCH_SECONDS: '1',
    ...settings,
  })

const prunings = (logged: readonly string[]) =>
  logged.flatMap((line) => (line.includes('"msg":"pruned') ? [JSON.parse(line) as { pruned: number }] : []))

describe.skipIf(hasNoDatabase())('retention of the audit trail', () => {
  it('prunes by itself what is older, once a day, and leaves a trail that verifies', async () => {
    const story = await withRetention({})
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => prunings(story.logged), { interval: 100 }).toMatchObject([{ pruned: 0 }])
    // Counts the records: those that are not counted stay.
    await story.app.housekeeping.runOnce()
    story.clock.advance({ days: 11 })
    await doAllSorts(story.as(mia), 'b')
    await expect
      .poll(() => prunings(story.logged), { interval: 100, timeout: 60_000 })
      .toMatchObject([{ pruned: 0 }, { pruned: 10 }])
    await story.stop()
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const lines = (await exportedLines(parts)).map(
      (line) => JSON.parse(line) as { action: string; sequence: number },
    )
    expect(lines.filter(({ action }) => action !== 'PRUNE_AUDIT')).toHaveLength(10)
    expect(lines.every(({ sequence }) => sequence > 1)).toBe(true)
  })

  it('never goes past what every sink has, whatever else is exported, and not by hand either', async () => {
    const folder = join(folderForTest(), 'audit')
    let isDown = true
    const receiver = await startReceiver(() => ({ status: isDown ? 503 : 200 }))
    const secret = join(folderForTest(), 'secret')
    writeFileSync(secret, `whsec_${Buffer.alloc(32, 5).toString('base64')}\n`, { mode: 0o600 })
    const story = await withRetention({
      AUDIT_SINK_FILE_FOLDER: folder,
      AUDIT_SINK_WEBHOOK_URL: receiver.url,
      AUDIT_SINK_WEBHOOK_SECRET_FILE: secret,
    })
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => linesIn(folder).length, { interval: 100 }).toBe(10)
    // Counts the records: those that are not counted stay.
    await story.app.housekeeping.runOnce()
    story.clock.advance({ days: 11 })
    await expect
      .poll(() => prunings(story.logged).at(-1), { interval: 100, timeout: 60_000 })
      .toMatchObject({ pruned: 0, notExported: 10 })
    isDown = false
    await expect.poll(() => receiver.lines().length, { interval: 100, timeout: 90_000 }).toBe(10)
    story.clock.advance({ days: 1, minutes: 1 })
    await expect
      .poll(() => prunings(story.logged).at(-1), { interval: 100, timeout: 60_000 })
      .toMatchObject({ pruned: 10, notExported: 0 })
    await doAllSorts(story.as(mia), 'b')
    await expect.poll(() => linesIn(folder).length, { interval: 100 }).toBeGreaterThan(20)
    await story.stop()
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const { code, printed } = await verifyExport(parts.auditKeys, folder)
    expect({ code, printed }).toMatchObject({ code: 0 })
  })
})
