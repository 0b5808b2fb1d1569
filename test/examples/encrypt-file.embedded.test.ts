import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DemoResult,
  demoEnvironment,
  makeFileForTest,
  readHeaderLine,
  readResult,
  runDemo,
  script,
  sha256Of,
  startDevelopmentServer,
} from './demo-process.ts'

const mebibyte = 1024 * 1024
const sizes = [
  { name: 'an empty file', bytes: 0, segments: '1 segment' },
  { name: 'one byte', bytes: 1, segments: '1 segment' },
  { name: 'one full segment', bytes: mebibyte, segments: '1 segment' },
  { name: 'two full segments', bytes: 2 * mebibyte, segments: '2 segments' },
  { name: 'one byte more than three segments', bytes: 3 * mebibyte + 1, segments: '4 segments' },
]

let server: { url: string; stop(): Promise<void> }
beforeAll(async () => {
  server = await startDevelopmentServer()
})
afterAll(() => server.stop())

function expectRoundTrip(result: DemoResult, expected: { sha256: string; segments: string }): void {
  expect(result).toMatchObject({ status: 0, stderr: '' })
  expect(result.stdout).toContain(`SHA-256 of the original:  ${expected.sha256}\n`)
  expect(result.stdout).toContain(`SHA-256 of the decrypted: ${expected.sha256}\n`)
  expect(result.stdout).toContain(`Verified the tag of ${expected.segments},`)
  expect(result.stdout).toContain('Version 2 wraps new data keys from now on.')
  expect(result.stdout).toContain('from the header with version 1 of the key')
}

describe('the demo encrypts, rotates, decrypts and leaves the file alone', () => {
  it.for(sizes)('with $name, on a running server', async ({ bytes, segments }) => {
    const content = randomBytes(bytes)
    const { path, folder } = makeFileForTest(content)
    const result = await runDemo([path, '--url', server.url])
    expectRoundTrip(result, { sha256: sha256Of(content), segments })
    expect(readdirSync(folder)).toEqual(['letter.txt'])
    expect(readFileSync(path).equals(content)).toBe(true)
  })

  it.for(sizes)('with $name, on a server of its own that is gone afterwards', async ({ bytes, segments }) => {
    const content = randomBytes(bytes)
    const { path, folder, temporaryFolder } = makeFileForTest(content)
    const result = await runDemo([path], { TMPDIR: temporaryFolder })
    expectRoundTrip(result, { sha256: sha256Of(content), segments })
    expect(readdirSync(folder)).toEqual(['letter.txt'])
    expect(readdirSync(temporaryFolder)).toEqual([])
    await expect(fetch(ownUrl(result.stdout))).rejects.toThrow()
  })
})

function ownUrl(stdout: string): string {
  const [, url = ''] = /It runs on (http:\S+);/.exec(stdout) ?? []
  expect(url).not.toBe('')
  return `${url}/health/live`
}

describe('a file that is kept', () => {
  it('holds its wrapped key and nothing of the original, and is decrypted by the other form of the command', async () => {
    const content = Buffer.from('It is no secret that this is a secret.')
    const { path, folder } = makeFileForTest(content)
    const kept = await runDemo([path, '--keep'], { KEYSTEAD_URL: `${server.url}/graphql` })
    expect(kept.status).toBe(0)
    expect(readdirSync(folder)).toEqual(['letter.txt', 'letter.txt.keystead'])
    const encryptedPath = `${path}.keystead`
    const header = readHeaderLine(encryptedPath)
    expect(header).toMatchObject({ keyId: expect.stringMatching(/^ukey_/), keyVersion: 1 })
    expect(kept.stdout).toContain(header.keyId)
    expect(readFileSync(encryptedPath).includes(content.subarray(0, 8))).toBe(false)
    expect(statSync(encryptedPath).mode & 0o077).toBe(0)

    rmSync(path)
    const decrypted = await runDemo(['--decrypt', encryptedPath, '--url', server.url])
    expect(decrypted).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(path).equals(content)).toBe(true)
    expect(readdirSync(folder)).toEqual(['letter.txt', 'letter.txt.keystead'])
  })

  it('has its own data key even if the key and the content are the same', async () => {
    const content = randomBytes(64)
    const first = makeFileForTest(content)
    const second = makeFileForTest(content)
    expect(await runDemo([first.path, '--keep', '--url', server.url])).toMatchObject({ status: 0 })
    const { keyId, wrappedKey } = readHeaderLine(`${first.path}.keystead`)
    const again = await runDemo([second.path, '--keep', '--url', server.url, '--key-id', keyId])
    expect(again).toMatchObject({ status: 0 })
    const header = readHeaderLine(`${second.path}.keystead`)
    expect(header).toMatchObject({ keyId, keyVersion: 2 })
    expect(header.wrappedKey).not.toBe(wrappedKey)
    const body = ({ path }: { path: string }) => readFileSync(`${path}.keystead`).subarray(-80)
    expect(body(first).equals(body(second))).toBe(false)
  })
})

describe('a large file', () => {
  it('needs no more memory than an empty one, and shows how far it is', async () => {
    const small = makeFileForTest(Buffer.alloc(0))
    const large = makeFileForTest(Buffer.alloc(0))
    truncateSync(large.path, 64 * mebibyte)
    const smallMebibytes = peakMebibytes(await runDemo([small.path, '--url', server.url]))
    const result = await runDemo([large.path, '--url', server.url])
    expect(peakMebibytes(result) - smallMebibytes).toBeLessThan(32)
    for (const label of ['encrypting', 'decrypting']) {
      const shown = result.stderr.split('\n').filter((line) => line.includes(label))
      expect(shown).toHaveLength(4)
      expect(shown[3]).toMatch(/ 100 %, \d+ MiB\/s$/)
    }
  })
})

function peakMebibytes({ stdout }: DemoResult): number {
  const [, peak] = /at most ([\d.]+) MiB of memory/.exec(stdout) ?? []
  expect(peak).toBeDefined()
  return Number(peak)
}

describe('a demo that is stopped half-way', () => {
  /** Of zeros that take no room on the disk, and too large to be done before the signal arrives. */
  const hugeBytes = 256 * 1024 * mebibyte

  it.for([
    { signal: 'SIGINT', status: 130, during: 'Envelope encryption of' },
    { signal: 'SIGINT', status: 130, during: '   No --url was given: starting' },
    { signal: 'SIGINT', status: 130, during: '4. Encrypt' },
    { signal: 'SIGTERM', status: 143, during: '4. Encrypt' },
  ] as const)('by $signal at "$during" removes what it has made', async ({ signal, status, during }) => {
    const { path, folder, temporaryFolder } = makeFileForTest(Buffer.alloc(0))
    truncateSync(path, hugeBytes)
    const child = spawn(process.execPath, [script, path, '--keep'], {
      env: demoEnvironment({ TMPDIR: temporaryFolder }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith(during)) child.kill(signal)
    })
    const result = await readResult(child)
    expect(result.status).toBe(status)
    expect(result.stderr).toContain(`Stopped by ${signal}`)
    expect(readdirSync(folder)).toEqual(['letter.txt'])
    expect(readdirSync(temporaryFolder)).toEqual([])
    if (during === '4. Encrypt') await expect(fetch(ownUrl(result.stdout))).rejects.toThrow()
  })

  it('because nobody reads its output any more removes what it has made', async () => {
    const { path, folder, temporaryFolder } = makeFileForTest(Buffer.alloc(0))
    truncateSync(path, hugeBytes)
    const child = spawn(process.execPath, [script, path], {
      env: demoEnvironment({ TMPDIR: temporaryFolder }),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child.stdout.once('data', () => child.stdout.destroy())
    await once(child, 'close')
    expect(child.exitCode).toBe(141)
    expect(readdirSync(folder)).toEqual(['letter.txt'])
    expect(readdirSync(temporaryFolder)).toEqual([])
  })
})
