import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'
import { exportedLines, folderForTest, linesIn, verifyExport } from './sink-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** A running server with a file sink. */
async function withSink(settings: Record<string, string> = {}) {
  const folder = join(folderForTest(), 'audit')
  const story = await startStoryForTest({
    AUDIT_SINK_FILE_FOLDER: folder,
    AUDIT_SINK_BATCH_SECONDS: '1',
    ...settings,
  })
  return { folder, story }
}

/** The parts of a story whose server is stopped. */
async function stopped(story: Awaited<ReturnType<typeof withSink>>['story']) {
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { parts, close }
}

const checkpointsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.jws'))

describe.skipIf(hasNoDatabase())('the file sink of a server', () => {
  it('gets the lines of an export, in files that only their owner reads, with checkpoints that vouch for them', async () => {
    const { folder, story } = await withSink({ AUDIT_SINK_BATCH_EVENTS: '3' })
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => linesIn(folder).length, { interval: 100 }).toBe(10)
    await expect.poll(() => checkpointsIn(folder).length, { interval: 100 }).toBe(1)
    await doAllSorts(story.as(mia), 'b')
    await expect.poll(() => linesIn(folder).length, { interval: 100 }).toBe(20)
    const { parts } = await stopped(story)
    const lines = await exportedLines(parts)
    expect(linesIn(folder).toSorted()).toEqual(lines.toSorted())
    for (const name of readdirSync(folder)) {
      expect(name).toMatch(/^keystead-(audit-\d{8}T\d{6}\.\d{3}Z-\w{8}-\d{6}\.jsonl|checkpoint-.*\.jws)$/)
      expect((statSync(join(folder, name)).mode & 0o777).toString(8)).toBe('600')
    }
    const { code, printed } = await verifyExport(parts.auditKeys, folder)
    expect(printed).toEqual([
      `2 chains with ${lines.length} records verified, no problems found.`,
      expect.stringMatching(
        /^1 checkpoint, the newest of 2026-03-01T12:00:00.000Z, vouch for \d+ records; \d+ are not covered\.$/,
      ),
    ])
    expect(code).toBe(0)
  })

  it('goes on after a restart where it was, and closes a file that a crash left open', async () => {
    const { folder, story } = await withSink()
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => linesIn(folder).length, { interval: 100 }).toBe(10)
    await story.stop()
    // As a crash leaves it: open, with a batch that was not acknowledged and a line that was cut.
    const [name = ''] = readdirSync(folder).filter((each) => each.endsWith('.jsonl'))
    const text = readFileSync(join(folder, name), 'utf8')
    rmSync(join(folder, name))
    writeFileSync(join(folder, `${name}.open`), `${text}${text.slice(0, 300)}`)
    await story.restart()
    await doAllSorts(story.as(mia), 'b')
    await expect
      .poll(() => linesIn(folder).length, { interval: 100 })
      .toBeGreaterThan(text.split('\n').length)
    const { parts } = await stopped(story)
    expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
    const lines = await exportedLines(parts)
    await expect(verifyExport(parts.auditKeys, folder)).resolves.toMatchObject({ code: 0 })
    expect(new Set(linesIn(folder)).size).toBeGreaterThan(lines.length - 5)
  })

  it('is told of in the log when its folder is taken away, goes on once it is back, and what was lost is found', async () => {
    const { folder, story } = await withSink()
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => linesIn(folder).length, { interval: 100 }).toBe(10)
    rmSync(folder, { recursive: true })
    writeFileSync(folder, 'not a folder')
    await doAllSorts(story.as(mia), 'b')
    const codes = () =>
      story.logged.flatMap((line) => /"part":"auditSink".*"code":"(\w+)"/.exec(line)?.[1] ?? [])
    await expect.poll(codes, { interval: 100 }).toEqual(['FILE_GONE', 'EEXIST'])
    rmSync(folder)
    await expect.poll(() => existsSync(folder) && linesIn(folder).length, { interval: 100 }).toBe(10)
    const { parts } = await stopped(story)
    const { code, printed } = await verifyExport(parts.auditKeys, folder)
    expect(code).toBe(1)
    expect(printed.filter((line) => /^chain [12], records 1 to \d are missing$/.test(line))).toHaveLength(2)
    expect(await exportedLines(parts)).toHaveLength(20)
  })

  it('refuses a start with words where it could never work', async () => {
    const file = join(folderForTest(), 'file')
    writeFileSync(file, '')
    await expect(startStoryForTest({ AUDIT_SINK_FILE_FOLDER: join(file, 'folder') })).rejects.toThrow(
      /AUDIT_SINK_FILE_FOLDER=.*folder cannot be written \(ENOTDIR\)/,
    )
  })
})
