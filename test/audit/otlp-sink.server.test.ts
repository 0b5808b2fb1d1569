import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readHeaders } from '../../src/audit/sinks/otlp-sink.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { startReceiver } from './http-receiver.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'
import { exportedLines, folderForTest, verifyExport } from './sink-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

function headersFile(text: string): string {
  const file = join(folderForTest(), 'headers')
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

const withOtlp = (url: string, settings: Record<string, string> = {}) =>
  startStoryForTest({
    AUDIT_SINK_OTLP_URL: `${url}/v1/logs`,
    AUDIT_SINK_BATCH_SECONDS: '1',
    OTEL_SERVICE_NAME: 'keystead-test',
    ...settings,
  })

describe.skipIf(hasNoDatabase())('the OpenTelemetry sink of a server', () => {
  it('sends each record as a log, and one that was partly rejected again', async () => {
    const reject = JSON.stringify({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: 'canary-of-the-receiver' },
    })
    let hasRejected = false
    const receiver = await startReceiver(({ body }) => {
      const isRejected = !hasRejected && body.includes('keystead.audit.record')
      hasRejected ||= isRejected
      return { status: 200, body: isRejected ? reject : '{"partialSuccess":{}}' }
    })
    const story = await withOtlp(receiver.url, {
      AUDIT_SINK_OTLP_HEADERS_FILE: headersFile('Authorization: Bearer canary-token\nX-Scope: audit\n'),
    })
    await doAllSorts(story.as(mia), 'a')
    const bodies = () =>
      receiver.taken.flatMap(({ body }) => {
        const { resourceLogs } = JSON.parse(body)
        return resourceLogs[0].scopeLogs[0].logRecords as {
          body: { stringValue: string }
          eventName: string
        }[]
      })
    const records = () => bodies().filter(({ eventName }) => eventName === 'keystead.audit.record')
    await expect.poll(() => records().length, { interval: 100, timeout: 60_000 }).toBeGreaterThanOrEqual(10)
    await expect.poll(() => bodies().length - records().length, { interval: 100 }).toBe(1)
    await story.stop()
    const first = receiver.taken.find(({ body }) => body.includes('keystead.audit.record'))
    expect(first?.path).toBe('/v1/logs')
    expect(first?.headers).toMatchObject({
      authorization: 'Bearer canary-token',
      'x-scope': 'audit',
      'content-type': 'application/json',
    })
    const request = JSON.parse(first?.body ?? '')
    expect(request.resourceLogs[0].resource.attributes[0]).toEqual({
      key: 'service.name',
      value: { stringValue: 'keystead-test' },
    })
    expect(request.resourceLogs[0].scopeLogs[0].logRecords[0]).toMatchObject({
      timeUnixNano: `${Date.parse('2026-03-01T12:00:00Z')}000000`,
      severityNumber: 9,
      eventName: 'keystead.audit.record',
    })
    expect(story.logged.join('')).toContain('"sink":"otlp","code":"PARTIAL_SUCCESS"')
    expect(story.logged.join('')).not.toContain('canary')
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const lines = records().map(({ body }) => body.stringValue)
    expect(new Set(lines)).toEqual(new Set(await exportedLines(parts)))
    // As the file exporter of a collector writes them.
    const file = join(folderForTest(), 'collector.jsonl')
    writeFileSync(file, receiver.taken.map(({ body }) => `${body}\n`).join(''))
    const { code, printed } = await verifyExport(parts.auditKeys, file)
    expect({ code, printed }).toMatchObject({
      code: 0,
      printed: [expect.any(String), expect.stringContaining('1 checkpoint')],
    })
  })

  it('refuses headers that are none at start, with words', async () => {
    const wrong = headersFile('Bearer canary-token\n')
    const refused = await withOtlp('http://127.0.0.1:1', { AUDIT_SINK_OTLP_HEADERS_FILE: wrong }).catch(
      (error) => error,
    )
    expect(refused.message).toMatch(/^AUDIT_SINK_OTLP_HEADERS_FILE=\S+ must have "Name: value" on each line$/)
    await expect(
      withOtlp('', { AUDIT_SINK_OTLP_URL: '', AUDIT_SINK_OTLP_HEADERS_FILE: wrong }),
    ).rejects.toThrow(/AUDIT_SINK_OTLP_HEADERS_FILE needs AUDIT_SINK_OTLP_URL/)
    expect(readHeaders('a: b\r\n\r\nX-Two:  c d\n')).toEqual({ a: 'b', 'x-two': 'c d' })
    for (const line of ['a', 'a b: c', ': c', 'a: \u0000', 'a:']) expect(readHeaders(line)).toBeNull()
  })
})
