import { createHmac } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readRetryAfter } from '../../src/audit/sinks/http-post.ts'
import { readWebhookSecrets } from '../../src/audit/sinks/webhook-sink.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'
import { type ReceivedRequest, startReceiver } from './http-receiver.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'
import { exportedLines, folderForTest, verifyExport } from './sink-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
/** The example of the specification, and another one. */
const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whsec_${base64('x'.repeat(32))}`]

function secretFile(lines: readonly string[] = secrets): string {
  const file = join(folderForTest(), 'secret')
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
  return file
}

async function withWebhook(url: string, settings: Record<string, string> = {}) {
  return startStoryForTest({
    AUDIT_SINK_WEBHOOK_URL: `${url}/hook?token=canary-in-the-address`,
    AUDIT_SINK_WEBHOOK_SECRET_FILE: secretFile(),
    AUDIT_SINK_BATCH_SECONDS: '1',
    AUDIT_SINK_TIMEOUT_SECONDS: '1',
    ...settings,
  })
}

describe.skipIf(hasNoDatabase())('the webhook sink of a server', () => {
  it('posts signed batches whose bodies are the lines of an export, and checkpoints', async () => {
    const receiver = await startReceiver()
    const story = await withWebhook(receiver.url)
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => receiver.lines().length, { interval: 100 }).toBe(10)
    await expect
      .poll(
        () => receiver.taken.filter(({ headers }) => headers['content-type'] === 'application/jose').length,
      )
      .toBe(1)
    await story.stop()
    for (const { headers, body, path } of receiver.taken) {
      expect(path).toBe('/hook?token=canary-in-the-address')
      const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
      expect(id).toMatch(/^(audit_[0-9a-f-]{36}_\d+_\d+|checkpoint_\d{8}T\d{6}\.\d{3}Z)$/)
      expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(120)
      // As the specification has it: HMAC-SHA-256 with the bytes in the base64 behind the prefix.
      const expected = secrets.map((secret) => {
        const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
        return `v1,${hmac.update(`${id}.${timestamp}.${body}`).digest('base64')}`
      })
      expect(signature).toBe(expected.join(' '))
    }
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    expect(receiver.lines().toSorted()).toEqual((await exportedLines(parts)).toSorted())
    const file = join(folderForTest(), 'received.jsonl')
    writeFileSync(file, receiver.taken.map(({ body }) => body).join(''))
    const { code, printed } = await verifyExport(parts.auditKeys, file)
    expect({ code, printed }).toMatchObject({
      code: 0,
      printed: [expect.any(String), expect.stringContaining('1 checkpoint')],
    })
  })

  it('goes on after refusals, redirects, a broken connection and no answer, in order, with the same IDs, and tells no secret', async () => {
    const answers = [
      { status: 401, body: 'canary-in-the-answer' },
      { status: 302, headers: { location: 'http://127.0.0.1:1/canary-in-the-location' } },
      { status: 503, headers: { 'retry-after': '1' } },
      null,
    ]
    const receiver = await startReceiver((_request, count) => {
      const chosen = answers[count - 1]
      return chosen === undefined ? { status: 200 } : chosen
    })
    const story = await withWebhook(receiver.url, { AUDIT_CHECKPOINT_MINUTES: '0' })
    await doAllSorts(story.as(mia), 'a')
    // Operations go on meanwhile.
    for (let turn = 0; turn < 20; turn++) {
      const made = await story
        .as(mia)
        .mutate('encrypt', { key: 'a-changed', plaintext: base64('x') }, 'ciphertext')
      expect(made['ciphertext']).toBeTypeOf('string')
    }
    await expect.poll(() => receiver.lines().length, { interval: 100, timeout: 90_000 }).toBe(30)
    await story.stop()
    // What was refused came again, from the same record on.
    const beginOf = ({ headers }: ReceivedRequest) =>
      String(headers['webhook-id']).split('_').slice(0, 3).join('_')
    const taken = new Set(receiver.taken.map(beginOf))
    expect(receiver.asked.map(beginOf).filter((begin) => !taken.has(begin))).toEqual([])
    const logged = story.logged.join('\n')
    for (const code of ['HTTP_401', 'HTTP_302', 'HTTP_503', 'TIMEOUT']) {
      expect(logged).toContain(`"sink":"webhook","code":"${code}"`)
    }
    expect(logged).not.toContain('canary')
    for (const secret of secrets) expect(logged).not.toContain(secret.slice(6, 20))
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    expect(new Set(receiver.lines())).toEqual(new Set(await exportedLines(parts)))
  })

  it('does not keep a server from starting while nobody listens, but wrong settings do, with words', async () => {
    await expect(withWebhook('http://127.0.0.1:1')).resolves.toBeDefined()
    await expect(withWebhook('http://siem.example.com')).rejects.toThrow(
      /AUDIT_SINK_WEBHOOK_URL must be an https:/,
    )
    await expect(withWebhook('https://user:canary@siem.example.com')).rejects.toThrow(
      /AUDIT_SINK_WEBHOOK_URL must contain no user, password or fragment/,
    )
    await expect(withWebhook('https://a.example', { AUDIT_SINK_WEBHOOK_SECRET_FILE: '' })).rejects.toThrow(
      /AUDIT_SINK_WEBHOOK_URL and AUDIT_SINK_WEBHOOK_SECRET_FILE need each other/,
    )
    const wrong = secretFile(['whsec_dG9vIHNob3J0'])
    await expect(withWebhook('https://a.example', { AUDIT_SINK_WEBHOOK_SECRET_FILE: wrong })).rejects.toThrow(
      /must have a secret on each line: "whsec_"/,
    )
    await expect(
      withWebhook('https://a.example', { AUDIT_SINK_WEBHOOK_SECRET_FILE: '/nowhere/secret' }),
    ).rejects.toThrow(
      /the file of AUDIT_SINK_WEBHOOK_SECRET_FILE \/nowhere\/secret cannot be read \(ENOENT\)/,
    )
    const open = secretFile()
    chmodSync(open, 0o644)
    await withWebhook('https://127.0.0.1:1', { AUDIT_SINK_WEBHOOK_SECRET_FILE: open })
  })
})

describe('the values of a webhook', () => {
  it('are secrets in the form of the specification, and nothing else', () => {
    expect(readWebhookSecrets(secrets.join('\n'))).toHaveLength(2)
    for (const wrong of [
      '',
      'secret',
      'whsec_',
      'whsec_!!!!',
      `${secrets[0]}\nwhsec_x`,
      `whsec_${base64('x'.repeat(65))}`,
    ]) {
      expect(readWebhookSecrets(wrong)).toBeNull()
    }
  })

  it('are times after which a receiver wants to be asked again', () => {
    const now = Date.parse('2027-01-31T08:00:00Z')
    expect(readRetryAfter('120', now)).toBe(120_000)
    expect(readRetryAfter('Sun, 31 Jan 2027 08:01:00 GMT', now)).toBe(60_000)
    expect(readRetryAfter('Sun, 31 Jan 2027 07:00:00 GMT', now)).toBe(0)
    for (const wrong of [null, '', '-5', 'soon', '1e9', '99999999999'])
      expect(readRetryAfter(wrong, now)).toBe(0)
  })
})
