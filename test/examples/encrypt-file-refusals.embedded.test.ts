import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'
import { type DemoResult, makeFileForTest, readHeaderLine, runDemo } from './demo-process.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const viewer: Person = { name: 'vera', roles: ['KMS_VIEWER'] }

function expectRefusal({ status, stderr }: DemoResult, text: string | RegExp): void {
  expect(stderr).toMatch(text)
  // Only errors that nobody has thought of come with a trace.
  expect(stderr).not.toContain('    at ')
  expect(status).toBe(1)
}

describe('wrong arguments', () => {
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
  ])('$args print what is wrong and the help, with status 2', async ({ args, says }) => {
    const { status, stdout, stderr } = await runDemo(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(says)
    expect(stderr).toContain('npm run demo -- FILE [options]')
  })

  it('do not include --help, which prints it with status 0', async () => {
    const { status, stdout, stderr } = await runDemo(['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const option of ['--url URL', '--token TOKEN', '--key-id ID', '--keep', '--decrypt', '--help']) {
      expect(stdout).toContain(`  ${option} `)
    }
  })
})

describe('a file that cannot be taken', () => {
  it('is told by its name', async () => {
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    expectRefusal(await runDemo([`${path}.txt`]), `${path}.txt: there is no such file`)
    expectRefusal(await runDemo([folder]), `${folder} is a folder`)
    expectRefusal(await runDemo(['/dev/null']), '/dev/null is not a regular file')
  })

  it('is never overwritten, neither the encrypted nor the decrypted one', async () => {
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    writeFileSync(`${path}.keystead`, 'precious')
    const url = 'http://127.0.0.1:9'
    expectRefusal(await runDemo([path]), `${path}.keystead exists already`)
    expectRefusal(await runDemo(['--decrypt', `${path}.keystead`, '--url', url]), `${path} exists already`)
    expect(readdirSync(folder)).toEqual(['letter.txt', 'letter.txt.keystead'])
    expect(readFileSync(path, 'utf8')).toBe('hello')
    expect(readFileSync(`${path}.keystead`, 'utf8')).toBe('precious')
  })
})

describe('a server that is no help', () => {
  it('because nothing listens there is told by its address', async () => {
    const url = await startAndStop()
    const { path } = makeFileForTest(Buffer.from('hello'))
    expectRefusal(await runDemo([path, '--url', url]), `${url} cannot be reached: ECONNREFUSED`)
  })

  it.for([
    { kind: 'a web page', status: 200, body: '<html></html>', says: 'but not as Keystead does' },
    { kind: 'other JSON', status: 200, body: '{}', says: 'not in development mode' },
    { kind: 'a redirect', status: 302, body: '', says: 'cannot be reached: unexpected redirect' },
  ])('because it answers with $kind is told so', async ({ status, body, says }) => {
    const foreign = createServer((_, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end(body)
    })
    onTestFinished(() => void foreign.close())
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve))
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    const url = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`
    expectRefusal(await runDemo([path, '--url', url]), says)
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })
})

/** An address at which nothing listens any more. */
async function startAndStop(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

describe('a server with tokens of its own issuer', () => {
  async function startForTest(): Promise<Story> {
    const story = await startStory()
    onTestFinished(() => endStory(story))
    return story
  }

  it('serves whoever has a token, and asks for one whoever has none', async () => {
    const story = await startForTest()
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    const url = story.app.url
    const args = [path, '--url', url]
    expectRefusal(await runDemo(args), /not in development mode, .*KEYSTEAD_TOKEN/)
    expectRefusal(
      await runDemo([...args, '--token', 'nonsense']),
      /UNAUTHENTICATED.*\n.*does not accept the token/,
    )
    const token = await story.tokenFor(member)
    const served = await runDemo([path], { KEYSTEAD_URL: url, KEYSTEAD_TOKEN: token })
    expect(served).toMatchObject({ status: 0, stderr: '' })
    expect(served.stdout).not.toContain(token)
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })

  it('is quoted when it refuses, with what can be done, and nothing is left', async () => {
    const story = await startForTest()
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    const run = async (person: Person, ...args: string[]) =>
      runDemo([path, '--url', story.app.url, ...args], { KEYSTEAD_TOKEN: await story.tokenFor(person) })

    expectRefusal(await run(viewer), /refused \(FORBIDDEN\).*\n.*Your role does not allow this/)
    const unknown = 'ukey_01h455vb4pex5vsknk084sn02q'
    expectRefusal(await run(member, '--key-id', unknown), /refused \(KEY_NOT_FOUND\)/)
    const max = story.as(member)
    const signing = await max.mutate(
      'createUserKey',
      { name: 'signing', algorithm: 'ED25519' },
      'userKey { id }',
    )
    expectRefusal(await run(member, '--key-id', signing['userKey'].id), /refused \(INVALID_KEY_USAGE\)/)
    expectRefusal(await run(member, '--key-id', ''), /refused \((KEY_NOT_FOUND|INPUT_VALIDATION)\)/)
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })

  it('does not unwrap with a version that was deactivated, until it is active again', async () => {
    const story = await startForTest()
    const { path, folder } = makeFileForTest(Buffer.from('hello'))
    const environment = { KEYSTEAD_URL: story.app.url, KEYSTEAD_TOKEN: await story.tokenFor(member) }
    expect(await runDemo([path, '--keep'], environment)).toMatchObject({ status: 0 })
    rmSync(path)
    const { keyId } = readHeaderLine(`${path}.keystead`)
    const max = story.as(member)
    const input = { version: { key: keyId, number: 1 } }
    expect(await max.mutate('deactivateKeyVersion', input)).toMatchObject({
      __typename: 'DeactivateKeyVersionPayload',
    })
    const decrypt = () => runDemo(['--decrypt', `${path}.keystead`], environment)
    expectRefusal(await decrypt(), /refused \(INVALID_KEY_STATE\)/)
    expect(readdirSync(folder)).toEqual(['letter.txt.keystead'])
    expect(await max.mutate('activateKeyVersion', input)).toMatchObject({
      __typename: 'ActivateKeyVersionPayload',
    })
    expect(await decrypt()).toMatchObject({ status: 0 })
    expect(readFileSync(path, 'utf8')).toBe('hello')
  })
})
