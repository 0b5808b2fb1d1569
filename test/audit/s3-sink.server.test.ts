import { createHash, createHmac } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readS3Credentials } from '../../src/audit/sinks/s3-sink.ts'
import { checkpointJwk } from '../../src/audit/verify/checkpoint.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { startReceiver } from './http-receiver.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'
import { exportedLines, folderForTest, verifyExport } from './sink-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** A server of object storage, which has no types. It knows keys by their IDs, and does not verify signatures of version 4. */
type S3rver = new (
  options: object,
) => {
  run(): Promise<{ port: number }>
  close(): Promise<void>
}
const S3rver = createRequire(import.meta.url)('s3rver') as S3rver

async function startStorage() {
  const directory = folderForTest()
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: 'audit' }],
  })
  const { port } = await server.run()
  onTestFinished(() => server.close().catch(() => {}))
  return {
    url: `http://127.0.0.1:${port}/audit`,
    objects: () => {
      const found = globSync('audit/**/*._S3rver_object', { cwd: directory }).sort()
      return found.map((path) => ({
        name: path.slice('audit/'.length, -'._S3rver_object'.length),
        body: readFileSync(join(directory, path), 'utf8'),
      }))
    },
  }
}

/** The keys that the server of object storage accepts, or another one. */
function credentialsFile(id = 'S3RVER', secret = 'S3RVER'): string {
  const file = join(folderForTest(), 'credentials')
  writeFileSync(file, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`, {
    mode: 0o600,
  })
  return file
}

const withStorage = (url: string, settings: Record<string, string> = {}) =>
  startStoryForTest({
    AUDIT_SINK_S3_BUCKET_URL: url,
    AUDIT_SINK_S3_CREDENTIALS_FILE: credentialsFile(),
    AUDIT_SINK_BATCH_SECONDS: '1',
    AUDIT_SINK_BATCH_EVENTS: '3',
    ...settings,
  })

describe.skipIf(hasNoDatabase())('the object storage sink of a server', () => {
  it('puts each batch as an object whose name sorts, and a batch that comes again replaces itself', async () => {
    const storage = await startStorage()
    const story = await withStorage(storage.url)
    await doAllSorts(story.as(mia), 'a')
    const lines = () =>
      storage.objects().flatMap(({ name, body }) => (name.endsWith('.jsonl') ? body.trim().split('\n') : []))
    await expect.poll(() => lines().length, { interval: 100 }).toBe(10)
    await expect.poll(() => storage.objects().filter(({ name }) => name.endsWith('.jws')).length).toBe(1)
    const before = storage.objects().map(({ name }) => name)
    // Sent once more from the beginning, as after the loss of all positions.
    await story.sql('DELETE FROM audit_sink_positions')
    const firstOnes = () => storage.objects().filter(({ name }) => /\/0+1-0+3\.jsonl$/.test(name))
    await expect.poll(() => firstOnes().length, { interval: 100 }).toBe(2)
    await story.stop()
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const { kid } = await checkpointJwk(parts.auditKeys.checkpointKey)
    for (const { name } of storage.objects()) {
      expect(name).toMatch(
        /^keystead\/[\w-]{43}\/([0-9a-f-]{36}\/\d{16}-\d{16}\.jsonl|checkpoints\/\w+\.\d{3}Z\.jws)$/,
      )
      expect(name).toContain(`keystead/${kid}/`)
    }
    expect(storage.objects().map(({ name }) => name)).toEqual(expect.arrayContaining(before))
    expect(new Set(lines())).toEqual(new Set(await exportedLines(parts)))
    const folder = folderForTest()
    for (const { name, body } of storage.objects()) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), body)
    }
    const { code, printed } = await verifyExport(parts.auditKeys, folder)
    expect({ code, printed }).toMatchObject({
      code: 0,
      printed: [expect.any(String), expect.stringContaining('1 checkpoint')],
    })
  })

  it('says so while the storage refuses its key, and goes on with credentials that were replaced', async () => {
    const storage = await startStorage()
    const file = credentialsFile('OTHER', 'canary-of-the-secret-key')
    const story = await withStorage(storage.url, {
      AUDIT_SINK_S3_CREDENTIALS_FILE: file,
      AUDIT_CHECKPOINT_MINUTES: '0',
    })
    await doAllSorts(story.as(mia), 'a')
    await expect
      .poll(() => story.logged.join(''), { interval: 100 })
      .toContain('"part":"auditSink","sink":"s3","code":"HTTP_403"')
    expect(storage.objects()).toEqual([])
    writeFileSync(file, readFileSync(credentialsFile()), { mode: 0o600 })
    await expect.poll(() => storage.objects().length, { interval: 100, timeout: 60_000 }).toBeGreaterThan(2)
    expect(story.logged.join('')).not.toContain('canary')
  })

  it('signs each request as version 4 of the signatures of AWS has it, with the hash of the body', async () => {
    const receiver = await startReceiver()
    const story = await withStorage(`${receiver.url}/audit`, { AUDIT_SINK_S3_REGION: 'eu-central-1' })
    await doAllSorts(story.as(mia), 'a')
    await expect.poll(() => receiver.lines().length, { interval: 100 }).toBe(10)
    await story.stop()
    for (const { path, headers, body } of receiver.taken) {
      const [, scope = '', names = '', signature] =
        /^AWS4-HMAC-SHA256 Credential=S3RVER\/(\S+), SignedHeaders=(\S+), Signature=(\w{64})$/.exec(
          headers.authorization ?? '',
        ) ?? []
      const bodyHash = createHash('sha256').update(body).digest('hex')
      expect(headers['x-amz-content-sha256']).toBe(bodyHash)
      expect(names.split(';')).toEqual(expect.arrayContaining(['host', 'x-amz-content-sha256', 'x-amz-date']))
      const signed = names.split(';').map((name) => `${name}:${headers[name]}\n`)
      const canonical = ['PUT', path, '', signed.join(''), names, bodyHash].join('\n')
      const text = [
        'AWS4-HMAC-SHA256',
        headers['x-amz-date'],
        scope,
        createHash('sha256').update(canonical).digest('hex'),
      ].join('\n')
      const hmac = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest()
      const key = scope.split('/').reduce<string | Buffer>((last, part) => hmac(last, part), 'AWS4S3RVER')
      expect(scope).toMatch(/^\d{8}\/eu-central-1\/s3\/aws4_request$/)
      expect(hmac(key, text).toString('hex')).toBe(signature)
    }
  })

  it('refuses wrong settings at start, with words', async () => {
    await expect(withStorage('https://a.example', { AUDIT_SINK_S3_CREDENTIALS_FILE: '' })).rejects.toThrow(
      /AUDIT_SINK_S3_BUCKET_URL and AUDIT_SINK_S3_CREDENTIALS_FILE need each other/,
    )
    await expect(withStorage('https://a.example', { AUDIT_SINK_S3_PREFIX: '/a b' })).rejects.toThrow(
      /AUDIT_SINK_S3_PREFIX must be letters, digits/,
    )
    const empty = join(folderForTest(), 'empty')
    writeFileSync(empty, '[default]\n', { mode: 0o600 })
    await expect(withStorage('https://a.example', { AUDIT_SINK_S3_CREDENTIALS_FILE: empty })).rejects.toThrow(
      /must have the lines "aws_access_key_id = …"/,
    )
    expect(
      readS3Credentials('aws_access_key_id=a\naws_secret_access_key = b=c \naws_session_token=d'),
    ).toEqual({
      accessKeyId: 'a',
      secretAccessKey: 'b=c',
      sessionToken: 'd',
    })
  })
})
