import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCommandLine, UsageError } from '../../examples/demo/command-line.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'
import {
  type DemoResult,
  demoEnvironment,
  makeFileForTest,
  readResult,
  runDemo,
  script,
  sha256Of,
} from './demo-process.ts'

const mebibyte = 1024 * 1024
const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

let story: Story
beforeAll(async () => {
  story = await startStory()
})
afterAll(() => endStory(story))

/** Runs the demo as a person of a server with tokens of its own issuer. */
const runAs = async (person: Person, ...args: string[]) =>
  runDemo(args, { KEYSTEAD_URL: `${story.app.url}/graphql`, KEYSTEAD_TOKEN: await story.tokenFor(person) })

function expectRefusal({ status, stderr }: DemoResult, text: string | RegExp): void {
  expect(stderr).toMatch(text)
  // Only unexpected errors come with a trace.
  expect(stderr).not.toContain('    at ')
  expect(status).toBe(1)
}

describe('the demo', () => {
  it('encrypts, rotates, decrypts, shows how far it is, and leaves the file alone', async () => {
    const content = randomBytes(32 * mebibyte + 1)
    const { path, folder } = makeFileForTest(content)
    const { status, stdout, stderr } = await runAs(member, path)
    expect(status, stderr).toBe(0)
    expect(stdout).toContain(`SHA-256 of the original:  ${sha256Of(content)}\n`)
    expect(stdout).toContain(`SHA-256 of the decrypted: ${sha256Of(content)}\n`)
    expect(stdout).toContain('Version 2 wraps new data keys from now on.')
    expect(readdirSync(folder)).toEqual(['letter.txt'])
    expect(readFileSync(path).equals(content)).toBe(true)
    for (const label of ['encrypting', 'decrypting']) {
      const shown = stderr.split('\n').filter((line) => line.includes(label))
      expect(shown).toHaveLength(4)
      expect(shown[3]).toMatch(/ 100 %, \d+ MiB\/s$/)
    }
  })

  it('keeps an encrypted file that holds nothing of the original, and decrypts it while its version is active', async () => {
    const content = Buffer.from('It is no secret that this is a secret.')
    const { path, folder } = makeFileForTest(content)
    const kept = await runAs(member, path, '--keep')
    expect(kept).toMatchObject({ status: 0, stderr: '' })
    const sealed = readFileSync(`${path}.keystead`)
    expect(sealed.subarray(0, 3).toString()).toBe('KSE')
    expect(sealed.includes(content.subarray(0, 8))).toBe(false)
    expect(statSync(`${path}.keystead`).mode & 0o077).toBe(0)

    const decrypt = () => runAs(member, '--decrypt', `${path}.keystead`)
    expectRefusal(await decrypt(), `${path} exists already`)
    rmSync(path)
    const [key = ''] = /ukey_\w+/.exec(kept.stdout) ?? []
    const max = story.as(member)
    const input = { version: { key, number: 1 } }
    await max.mutate('deactivateKeyVersion', input)
    expectRefusal(await decrypt(), /INVALID_KEY_STATE: .*\n.*Only an active version/)
    expect(readdirSync(folder)).toEqual(['letter.txt.keystead'])
    await max.mutate('activateKeyVersion', input)
    expect(await decrypt()).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(path).equals(content)).toBe(true)

    rmSync(path)
    writeFileSync(`${path}.keystead`, sealed.subarray(0, -1))
    expectRefusal(await decrypt(), /INVALID_ENVELOPE: .*\n.*damaged, changed or cut off/)
    expect(readdirSync(folder)).toEqual(['letter.txt.keystead'])
  })

  it('removes what it has made when it is stopped', async () => {
    const { path, folder } = makeFileForTest(Buffer.alloc(0))
    // Of zeros that take no room on the disk, and too large to be done before the signal arrives.
    truncateSync(path, 256 * 1024 * mebibyte)
    const child = spawn(process.execPath, [script, path, '--keep'], {
      env: demoEnvironment({ KEYSTEAD_URL: story.app.url, KEYSTEAD_TOKEN: await story.tokenFor(member) }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('3. Encrypt')) setTimeout(() => child.kill('SIGINT'), 300)
    })
    const { status, stderr } = await readResult(child)
    expect(status).toBe(130)
    expect(stderr).toContain('Stopped by SIGINT')
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })
})

describe('the command line of the demo', () => {
  it.for([
    { args: [], says: 'Which file?' },
    { args: ['a', 'b'], says: 'One file at a time' },
    { args: ['a', '--fast'], says: "Unknown option '--fast'" },
    { args: ['a', '--url'], says: "'--url <value>' argument missing" },
    { args: ['a', '--url', 'localhost:4600'], says: '--url must be an address' },
    { args: ['a', '--url', 'ftp://localhost'], says: '--url must be an address' },
    { args: ['a', '--url', 'http://me:secret@localhost'], says: '--url must be an address' },
    { args: ['a', '--token', 'x'], says: '--token goes with --url' },
    { args: ['a', '--key-id', 'x'], says: '--key-id goes with --url' },
    { args: ['a.keystead', '--decrypt'], says: '--decrypt goes with --url' },
    { args: ['a', '--decrypt', '--url', 'http://localhost'], says: 'ends in .keystead' },
  ])('refuses $args', ({ args, says }) => {
    expect(() => readCommandLine(args, {})).toThrow(UsageError)
    expect(() => readCommandLine(args, {})).toThrow(says)
  })

  it('prints what is wrong and the help with status 2, and the help alone with status 0', async () => {
    const wrong = await runDemo([])
    expect(wrong).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Which file?') })
    const { status, stdout, stderr } = await runDemo(['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(wrong.stderr).toContain(stdout)
    for (const option of ['--url URL', '--token TOKEN', '--key-id ID', '--keep', '--decrypt', '--help']) {
      expect(stdout).toContain(`  ${option} `)
    }
  })
})

describe('the demo says what is wrong', () => {
  it('with a file', async () => {
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    expectRefusal(await runDemo([`${path}.txt`]), `${path}.txt: there is no such file`)
    expectRefusal(await runDemo([folder]), `${folder} is a folder`)
    writeFileSync(`${path}.keystead`, 'precious')
    expectRefusal(await runDemo([path]), `${path}.keystead exists already`)
    expect(readFileSync(`${path}.keystead`, 'utf8')).toBe('precious')
  })

  it('with an address', async () => {
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    const foreign = createServer((_, response) => response.end('<html></html>'))
    foreign.listen(0, '127.0.0.1')
    await once(foreign, 'listening')
    const url = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`
    expectRefusal(await runDemo([path, '--url', url]), 'not a Keystead in development mode')
    expectRefusal(await runDemo([path, '--url', url, '--token', 'x']), 'is not one of Keystead')
    foreign.close()
    expectRefusal(await runDemo([path, '--url', url]), `${url} cannot be reached: ECONNREFUSED`)
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })

  it('with a token or a key', async () => {
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    const { url } = story.app
    expectRefusal(await runDemo([path, '--url', url]), /not a Keystead in development mode, .*KEYSTEAD_TOKEN/)
    const nonsense = await runDemo([path, '--url', url, '--token', 'nonsense'])
    expectRefusal(nonsense, /UNAUTHENTICATED.*\n.*does not accept the token/)
    const viewer: Person = { name: 'vera', roles: ['KMS_VIEWER'] }
    expectRefusal(await runAs(viewer, path), /FORBIDDEN.*\n.*Your role does not allow this/)
    const unknown = 'ukey_01h455vb4pex5vsknk084sn02q'
    expectRefusal(await runAs(member, path, '--key-id', unknown), 'KEY_NOT_FOUND')
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })
})
