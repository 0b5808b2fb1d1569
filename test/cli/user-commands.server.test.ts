import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClient, type KeysteadClient } from '../../packages/client/src/index.ts'
import { openPipeOrDevice } from '../../src/user/output-file.ts'
import { type Person as Caller, endStory, type Story, startStory } from '../support/story.ts'
import { createPerson, type Person } from './run-as-user.ts'

const ada: Caller = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const bob: Caller = { name: 'bob', roles: ['KMS_USER'] }

let story: Story
let client: KeysteadClient
let person: Person
let other: Person

async function personFor(caller: Caller): Promise<Person> {
  return createPerson({ KEYSTEAD_URL: story.app.url, KEYSTEAD_TOKEN: await story.tokenFor(caller) })
}

beforeAll(async () => {
  story = await startStory()
  client = createClient({ url: story.app.url, token: await story.tokenFor(ada) })
  await client.createUserKey({ name: 'records', labels: [{ name: 'team', value: 'payments' }] })
  await client.createUserKey({ name: 'letters' })
  await client.createUserKey({ name: 'hidden', description: 'Of ada.', accessControl: { enabled: true } })
  person = await personFor(ada)
  other = await personFor(bob)
})
afterAll(async () => {
  person.remove()
  other.remove()
  await endStory(story)
})

const fine = { code: 0, said: '' }

describe('keystead keys list', () => {
  it('shows a table by name, in which keys without access are what everybody sees', async () => {
    const { printed, ...result } = await other.run('keys', 'list')
    expect(result).toMatchObject(fine)
    const [heading = '', ...rows] = printed.trimEnd().split('\n')
    expect(heading.split(/ {2,}/)).toEqual([
      ...['NAME', 'STATUS', 'ALGORITHM', 'VERSION', 'NEXT ROTATION', 'CREATED', 'ID'],
    ])
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 3))).toEqual([
      ['hidden', 'no access', '–'],
      ['letters', 'ACTIVE', 'AES_256_GCM'],
      ['records', 'ACTIVE', 'AES_256_GCM'],
    ])
    expect(rows[0]).toMatch(/ ukey_….{6}$/)
  })

  it('fits the terminal: it leaves out the last columns, and cuts long names', async () => {
    const name = 'a'.repeat(60)
    await client.createUserKey({ name, preActivation: true })
    const { printed } = await person.runWith({ columns: 40 }, 'keys', 'list')
    const lines = printed.trimEnd().split('\n')
    expect(lines.every((line) => line.length <= 40)).toBe(true)
    expect(lines[0]).toMatch(/^NAME +STATUS$/)
    expect(lines[1]).toMatch(/^a{10,}… +PRE_ACTIVATION$/)
    await client.deleteUserKey({ key: name, confirmName: name })
  })

  it('filters, and goes on where a page ended', async () => {
    const names = async (...args: string[]) => {
      const { printed, code } = await person.run('keys', 'list', '--json', ...args)
      expect(code).toBe(0)
      const { keys, nextCursor } = JSON.parse(printed)
      return { names: keys.map(({ name }: { name: string }) => name), nextCursor }
    }
    expect(await names('--label', 'team=payments')).toEqual({ names: ['records'], nextCursor: null })
    expect((await names('--label', 'team')).names).toEqual(['records'])
    expect((await names('--search', 'ETTER')).names).toEqual(['letters'])
    expect((await names('--status', 'ACTIVE', '--status', 'DEACTIVATED')).names.length).toBe(3)
    expect((await names('--status', 'PRE_ACTIVATION')).names).toEqual([])
    const page = await names('--limit', '2')
    expect(page.names).toEqual(['hidden', 'letters'])
    expect(await names('--limit', '2', '--after', page.nextCursor)).toEqual({
      names: ['records'],
      nextCursor: null,
    })
    expect((await names('--all')).names.length).toBe(3)
    expect((await person.run('keys', 'list', '--limit', '2')).said).toContain(`--after ${page.nextCursor}`)
  })

  it('prints one JSON document with the fields that are documented, null where they are hidden', async () => {
    const { printed } = await other.run('keys', 'list', '--json', '--search', 'hidden')
    const [key] = JSON.parse(printed).keys
    const guide = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')
    const [, documented = ''] = /```json\n([\s\S]*?)\n```/.exec(guide) ?? []
    expect(Object.keys(key)).toEqual(Object.keys(JSON.parse(documented).keys[0]))
    expect(key).toMatchObject({
      name: 'hidden',
      viewerCanAccess: false,
      status: null,
      owner: null,
      labels: null,
    })
    expect(key.id).toMatch(/^rkey_/)
  })
})

describe('keystead keys show', () => {
  it('shows a key with its versions', async () => {
    const { printed, ...result } = await person.run('keys', 'show', 'records')
    expect(result).toMatchObject(fine)
    expect(printed).toMatch(/^Name +records$/m)
    expect(printed).toMatch(/^Labels +team=payments$/m)
    expect(printed).toMatch(/^1 \(default\) +ACTIVE/m)
    const { printed: json } = await person.run('keys', 'show', 'records', '--json')
    expect(JSON.parse(json)).toMatchObject({
      name: 'records',
      labels: { team: 'payments' },
      versions: [{ number: 1, status: 'ACTIVE', isDefault: true }],
    })
  })

  it('shows of a key without access what everybody sees', async () => {
    const { printed, code } = await other.run('keys', 'show', 'hidden')
    expect(code).toBe(0)
    expect(printed).toMatch(/^ID +ukey_….{6} \(no access\)$/m)
    expect(printed).not.toMatch(/Status|Owner|Algorithm|VERSION/)
    const { printed: json } = await other.run('keys', 'show', 'hidden', '--json')
    expect(JSON.parse(json)).toMatchObject({ versions: null, status: null })
  })

  it('says so if there is no such key', async () => {
    const result = await person.run('keys', 'show', 'nope')
    expect(result).toMatchObject({ code: 1, printed: '' })
    expect(result.said).toBe('There is no key nope in your project. See: keystead keys list\n')
  })
})

describe('keystead keys create and rotate', () => {
  it('make a key as asked, and its next version after a question', async () => {
    const created = await person.run(
      ...[
        'keys',
        'create',
        'orders',
        '--rotate-every',
        '90',
        '--description',
        'All orders',
        '--label',
        'a=b=c',
      ],
    )
    expect(created).toMatchObject({ code: 0, said: 'The key orders was created.\n' })
    const key = await client.userKey({ key: 'orders' })
    expect(created.printed).toBe(`${key?.id}\n`)
    expect(key).toMatchObject({
      description: 'All orders',
      automaticRotation: { enabled: true, cycleDays: 90 },
      labels: [{ name: 'a', value: 'b=c' }],
    })
    expect(await person.runWith({ answer: '' }, 'keys', 'rotate', 'orders')).toMatchObject({
      code: 1,
      said: 'Nothing was changed.\n',
    })
    expect(await person.run('keys', 'rotate', 'orders')).toMatchObject({
      code: 2,
      said: expect.stringContaining('Give --yes.'),
    })
    expect(await person.runWith({ answer: 'y' }, 'keys', 'rotate', 'orders')).toMatchObject({
      code: 0,
      said: 'The key orders has the new version 2.\n',
    })
    const { printed } = await person.run('keys', 'rotate', 'orders', '--yes', '--json')
    expect(JSON.parse(printed)).toMatchObject({ defaultVersionNumber: 3 })
  })

  it('pass on in words what the server refuses', async () => {
    expect(await person.run('keys', 'create', 'records')).toMatchObject({
      code: 1,
      said: 'A key of the project has this name or alias. Choose another one.\n',
    })
    expect((await person.run('keys', 'create', 'Records')).said).toMatch(/^.+\n {2}.*name: .+\n$/s)
    expect(await other.run('keys', 'create', 'mine')).toMatchObject({ code: 1, printed: '' })
    expect(await other.run('keys', 'rotate', 'hidden', '--yes')).toMatchObject({ code: 1, printed: '' })
  })
})

describe('wrong usage', () => {
  it.each([
    [['keys', 'create', 'k', '--algorithm', 'AES'], '--algorithm must be one of AES_256_GCM, '],
    [['keys', 'create', 'k', '--rotate-every', '0'], '--rotate-every must be a whole number from 1 to 1095'],
    [['keys', 'create', 'k', '--label', 'x'], '--label must be NAME=VALUE, got "x".'],
    [['keys', 'list', '--status', 'active'], '--status must be one of PRE_ACTIVATION, ACTIVE, DEACTIVATED'],
    [['keys', 'list', '--all', '--limit', '3'], '--all and --limit exclude each other.'],
    [['keys', 'show', '-x'], "Unknown option '-x'."],
    [['keys', 'show'], 'The argument KEY is missing.'],
    [['encrypt', 'f'], 'The option --key is missing.'],
    [['encrypt', '--key', '-x', 'f'], "Option '--key' argument is ambiguous."],
    [['encrypt', 'f', '--key', 'k', '--context', 'a=1', '--context', 'a=2'], '--context names "a" twice.'],
    [['encrypt', '--key', 'k'], 'The file is missing.'],
    [['whoami', '--server', 'ftp://x'], '--server must be an address such as'],
    [['whoami', '--profile', '../x'], 'A profile has a name of up to 64 letters'],
    [['whoami', '--token', 'x'], "Unknown option '--token'."],
    [['completion', 'tcsh'], 'SHELL must be one of bash, zsh, fish'],
  ])('%j is refused with exit code 2', async (args, problem) => {
    const { code, printed, said } = await person.run(...args)
    expect({ code, printed }).toEqual({ code: 2, printed: '' })
    expect(said).toContain(problem)
    expect(said).toMatch(/\nSee: keystead .+ --help\n$/)
  })

  it('a name that begins with "-" is sent as it is after "--"', async () => {
    expect(await person.run('keys', 'show', '--', '-x')).toMatchObject({ code: 1, printed: '' })
  })
})

describe('keystead encrypt and decrypt', () => {
  // Pieces have 1 MiB: this is two of them, and an end.
  const content = randomBytes(2 * 2 ** 20 + 5)
  beforeEach(() => {
    for (const name of readdirSync(person.home)) rmSync(person.path(name), { recursive: true })
    writeFileSync(person.path('plain'), content)
  })
  const encryptTo = (name: string) =>
    person.run('encrypt', person.path('plain'), '--key', 'records', '--output', person.path(name))
  const read = (name: string) => readFileSync(person.path(name))
  const names = () => readdirSync(person.home).toSorted()

  it('give back the file, from file to file and through pipes, in envelopes of the client', async () => {
    expect(await encryptTo('sealed')).toMatchObject({ ...fine, printed: '' })
    expect(
      await person.run('decrypt', person.path('sealed'), '--output', person.path('opened')),
    ).toMatchObject(fine)
    expect(read('opened').equals(content)).toBe(true)
    expect(statSync(person.path('opened')).mode & 0o777).toBe(0o600)
    expect(names()).toEqual(['opened', 'plain', 'sealed'])

    const context = ['--context', 'purpose=test']
    const sealed = await person.runWith({ input: content }, 'encrypt', '--key', 'records', ...context)
    const opened = await client.envelope.decrypt(new Uint8Array(sealed.bytes), {
      context: { purpose: 'test' },
    })
    expect(Buffer.from(opened).equals(content)).toBe(true)
    const piped = await person.runWith(
      { input: sealed.bytes },
      'decrypt',
      '-',
      '--key',
      'records',
      ...context,
    )
    expect(piped.bytes.equals(content)).toBe(true)
    const wrong = await person.runWith({ input: sealed.bytes }, 'decrypt')
    expect(wrong).toMatchObject({
      code: 1,
      printed: '',
      said: expect.stringContaining('its --context is another one'),
    })
  })

  it('replace no file without --force, also not one behind a link', async () => {
    writeFileSync(person.path('kept'), 'kept')
    symlinkSync(person.path('kept'), person.path('link'))
    symlinkSync(person.path('nowhere'), person.path('dangling'))
    for (const name of ['kept', 'link', 'dangling']) {
      expect(await encryptTo(name)).toMatchObject({
        code: 1,
        said: expect.stringContaining('exists already'),
      })
    }
    expect(names()).toEqual(['dangling', 'kept', 'link', 'plain'])
    const forced = ['encrypt', person.path('plain'), '--key', 'records', '--force', '--output']
    expect(await person.run(...forced, person.path('link'))).toMatchObject(fine)
    expect(lstatSync(person.path('link')).isFile()).toBe(true)
    expect(read('kept').toString()).toBe('kept')
    // In place: the file is read to its end before it is replaced.
    expect(await person.run(...forced, person.path('plain'))).toMatchObject(fine)
    expect((await person.run('decrypt', person.path('plain'))).bytes.equals(content)).toBe(true)
  })

  it('leave nothing of a file that was cut, swapped, changed, or is none', async () => {
    await encryptTo('sealed')
    const sealed = read('sealed')
    const piece = 2 ** 20 + 16
    const header = sealed.length - content.length - 3 * 16
    const swapped = Buffer.concat([
      sealed.subarray(0, header),
      sealed.subarray(header + piece, header + 2 * piece),
      sealed.subarray(header, header + piece),
      sealed.subarray(header + 2 * piece),
    ])
    const changed = Buffer.from(sealed)
    changed[sealed.length - 20] = (changed[sealed.length - 20] ?? 0) ^ 1
    const wrapped = Buffer.from(sealed)
    wrapped[header - 40] = (wrapped[header - 40] ?? 0) ^ 1
    const files = {
      cut: sealed.subarray(0, header + piece),
      beheaded: sealed.subarray(0, 20),
      swapped,
      changed,
      wrapped,
      none: content,
      empty: Buffer.alloc(0),
    }
    for (const [name, bytes] of Object.entries(files)) {
      writeFileSync(person.path('broken'), bytes)
      const result = await person.run('decrypt', person.path('broken'), '--output', person.path('opened'))
      expect({ name, ...result }).toMatchObject({ name, code: 1, printed: '' })
      expect(result.said).toMatch(/The file (is not as keystead encrypt wrote it|was changed)/)
      expect(names()).toEqual(['broken', 'plain', 'sealed'])
    }
  })

  it('refuse an envelope of another key than the one that is named', async () => {
    await encryptTo('sealed')
    expect(await person.run('decrypt', person.path('sealed'), '--key', 'letters')).toMatchObject({
      code: 1,
      printed: '',
    })
  })

  it('remove what they have written when Ctrl+C ends them', async () => {
    const stop = new AbortController()
    const written: string[][] = []
    async function* endless() {
      yield content
      yield content
      // By now the first pieces are in a file with a temporary name.
      written.push(names())
      stop.abort()
      yield* forever()
    }
    const result = await person.runWith(
      { input: endless(), signal: stop.signal },
      ...['encrypt', '--key', 'records', '--output', person.path('sealed')],
    )
    expect(result).toMatchObject({ code: 130, said: 'Interrupted.\n' })
    expect(written[0]?.some((name) => name.startsWith('.sealed.'))).toBe(true)
    expect(names()).toEqual(['plain'])
  })

  async function* forever(): AsyncGenerator<Uint8Array> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      yield content
    }
  }

  it('write to no terminal unless told to, and name what they cannot read or write', async () => {
    const toTerminal = await person.runWith(
      { columns: 80 },
      'encrypt',
      person.path('plain'),
      '--key',
      'records',
    )
    expect(toTerminal).toMatchObject({ code: 2, printed: '', said: expect.stringContaining('--output FILE') })
    const forced = ['encrypt', person.path('plain'), '--key', 'records', '--output', '-']
    expect((await person.runWith({ columns: 80 }, ...forced)).bytes.length).toBeGreaterThan(content.length)
    mkdirSync(person.path('folder'))
    for (const [args, problem] of [
      [[person.path('absent')], 'does not exist'],
      [[person.path('folder')], 'is a folder, and not a file'],
      [[person.path('plain'), '--output', person.path('folder')], 'is a folder. Name a file in it.'],
      [[person.path('plain'), '--output', person.path('absent/sealed')], 'cannot be written (ENOENT)'],
    ] as const) {
      const result = await person.run('encrypt', '--key', 'records', ...args)
      expect(result).toMatchObject({ code: 1, printed: '', said: expect.stringContaining(problem) })
    }
    expect(names()).toEqual(['folder', 'plain'])
    const device = await person.run(
      'encrypt',
      person.path('plain'),
      '--key',
      'records',
      '--output',
      '/dev/null',
    )
    expect(device).toMatchObject(fine)
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  it('write to a pipe of their user, to no pipe of another one, and empty no file that took its place', async () => {
    const pipe = person.path('pipe')
    execFileSync('mkfifo', ['-m', '666', pipe])
    const [piped, result] = await Promise.all([readFile(pipe), encryptTo('pipe')])
    expect(result).toMatchObject(fine)
    expect(piped.length).toBeGreaterThan(content.length)

    const { uid } = lstatSync(pipe)
    const geteuid = vi.spyOn(process, 'geteuid').mockReturnValue(uid + 1)
    try {
      const refusal = `is a pipe of another user (${uid}), and was not written to`
      expect(await encryptTo('pipe')).toMatchObject({ code: 1, said: expect.stringContaining(refusal) })
      // Put there after the check.
      const reading = readFile(pipe)
      await expect(openPipeOrDevice(pipe)).rejects.toThrow(refusal)
      expect(await reading).toHaveLength(0)
    } finally {
      geteuid.mockRestore()
    }
    await expect(openPipeOrDevice(person.path('plain'))).rejects.toThrow('became a file in the meantime')
    expect(read('plain').equals(content)).toBe(true)
    await expect(openPipeOrDevice(person.path('gone'))).rejects.toThrow('ENOENT')
    expect(names()).toEqual(['pipe', 'plain'])
  })
})

describe('keystead sign and verify', () => {
  it('sign with the default version, and find the version that signed after a rotation', async () => {
    await client.createUserKey({ name: 'releases', usage: 'SIGN_VERIFY', algorithm: 'ED25519' })
    writeFileSync(person.path('release'), 'release 1')
    const signed = await person.run('sign', person.path('release'), '--key', 'releases')
    expect(signed).toMatchObject({ code: 0, said: 'Signed with version 1 of releases, ED25519.\n' })
    expect(signed.printed).toMatch(/^[A-Za-z0-9+/]{86}==\n$/)
    writeFileSync(person.path('sig'), signed.printed)
    await client.rotateUserKey({ key: 'releases' })
    const verifying = [
      'verify',
      person.path('release'),
      '--key',
      'releases',
      '--signature',
      person.path('sig'),
    ]
    const verified = await other.run(...verifying)
    expect(verified).toMatchObject({
      code: 0,
      printed: 'The signature is valid, by version 1 of releases.\n',
    })
    expect(await person.run(...verifying, '--key-version', '2')).toMatchObject({ code: 1 })

    const raw = ['sign', person.path('release'), '--key', 'releases', '--raw', '--output', person.path('raw')]
    expect((await person.run(...raw)).code).toBe(0)
    expect(readFileSync(person.path('raw')).length).toBe(64)
    const { printed } = await person.run(...verifying.slice(0, -1), person.path('raw'), '--json')
    expect(JSON.parse(printed)).toMatchObject({ valid: true, versionNumber: 2 })

    writeFileSync(person.path('release'), 'release 2')
    const refused = await person.run(...verifying)
    expect(refused).toMatchObject({ code: 1, said: '' })
    expect(refused.printed).toBe('The signature is NOT valid for this file and releases.\n')
    rmSync(person.path('release'))
  })

  it('send only the digest of a file, of any size, where the scheme takes one', async () => {
    await client.createUserKey({ name: 'images', usage: 'SIGN_VERIFY', algorithm: 'RSA_2048' })
    writeFileSync(person.path('image'), Buffer.alloc(300_000, 'i'))
    const signing = ['sign', person.path('image'), '--key', 'images']
    expect(await person.run(...signing)).toMatchObject({
      code: 1,
      printed: '',
      said: expect.stringContaining('more than 65536 bytes'),
    })
    const scheme = ['--scheme', 'RSASSA_PKCS1_V1_5_SHA_256']
    const { printed } = await person.run(...signing, ...scheme, '--json')
    const { signature, versionNumber } = JSON.parse(printed)
    const digest = createHash('sha256').update(Buffer.alloc(300_000, 'i')).digest()
    const verified = await client.verify({
      version: { key: 'images', number: versionNumber },
      message: digest,
      messageType: 'DIGEST',
      signature: Buffer.from(signature, 'base64'),
      signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    })
    expect(verified.valid).toBe(true)
    rmSync(person.path('image'))
  })
})

describe('tokens and servers', () => {
  it('tell who one is', async () => {
    const { printed } = await other.run('whoami', '--json')
    expect(JSON.parse(printed)).toMatchObject({ subject: 'user:bob', project: 'shop', roles: ['KMS_USER'] })
    expect((await other.run('whoami')).printed).toMatch(/^Subject +user:bob$/m)
  })

  it('take a token from a file that only its owner can read', async () => {
    const file = person.path('token')
    writeFileSync(file, `${await story.tokenFor(bob)}\n`, { mode: 0o600 })
    const asking = ['whoami', '--token-file', file]
    expect((await person.run(...asking)).printed).toContain('user:bob')
    for (const mode of [0o644, 0o640, 0o602]) {
      chmodSync(file, mode)
      const result = await person.run(...asking)
      expect(result).toMatchObject({ code: 1, printed: '' })
      expect(result.said).toContain(`chmod 600 ${file}`)
    }
    rmSync(file)
    expect((await person.run(...asking)).said).toContain('does not exist')
  })

  it('send no token in clear over a network', async () => {
    const file = person.path('token')
    writeFileSync(file, await story.tokenFor(bob), { mode: 0o600 })
    const refused = {
      code: 1,
      printed: '',
      said: expect.stringContaining('needs an https server, got http://'),
    }
    for (const server of ['http://keystead.test:4600', 'http://127.0.0.1.keystead.test', 'http://10.0.0.1']) {
      expect(await person.run('whoami', '--server', server)).toMatchObject(refused)
      expect(await person.run('whoami', '--server', server, '--token-file', file)).toMatchObject(refused)
    }
    const environment = { KEYSTEAD_URL: 'http://keystead.test' }
    expect(await person.runWith({ environment }, 'whoami')).toMatchObject(refused)
    const { port } = new URL(story.app.url)
    expect(await person.run('whoami', '--server', `http://127.0.0.1:${port}`)).toMatchObject(fine)
    rmSync(file)
  })

  it('say what to do without a login, without a server, and after a token has expired', async () => {
    const stranger = createPerson()
    expect(await stranger.run('whoami')).toMatchObject({
      code: 1,
      said: 'You are not signed in. Run: keystead login --server URL\n',
    })
    const token = { KEYSTEAD_TOKEN: 'abc' }
    expect(await stranger.runWith({ environment: token }, 'whoami')).toMatchObject({
      code: 2,
      said: expect.stringContaining('The server is missing.'),
    })
    const environment = { KEYSTEAD_URL: story.app.url }
    const expired = { ...environment, KEYSTEAD_TOKEN: await story.tokenFor(bob, { exp: 1_700_000_000 }) }
    expect(await stranger.runWith({ environment: expired }, 'whoami')).toMatchObject({
      code: 1,
      said: expect.stringMatching(
        /^The server refuses the token: .*expired.*\nSign in again with "keystead login"/,
      ),
    })
    const broken = { ...environment, KEYSTEAD_TOKEN: 'with a space' }
    expect((await stranger.runWith({ environment: broken }, 'whoami')).said).toMatch(/^The token is not one/)
    expect(existsSync(stranger.config)).toBe(false)
    stranger.remove()
  })

  it('say so if something else answers, or nobody', async () => {
    const server = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Log in to the Wi-Fi</title>')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await person.run('whoami', '--server', url)).toMatchObject({
      code: 1,
      printed: '',
      said: expect.stringContaining('is not one of Keystead. Check the address'),
    })
    expect(await person.run('login', '--server', url)).toMatchObject({
      code: 1,
      said: `${url} answers with status 200 and something that is not from Keystead. Check the address.\n`,
    })
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    expect((await person.run('login', '--server', url)).said).toContain('Nobody listens there.')
  })
})

describe('texts of others on a terminal', () => {
  it('cannot move its cursor, colour it, or turn the direction of writing', async () => {
    const evil = '\u001b[2J\u0007red\u202etxt\u009b1m\r\n'
    const server = createServer((request, response) => {
      const subject = { id: `user:${evil}`, kind: 'USER', name: evil }
      const viewer = { subject, displayName: evil, kind: 'USER', projectId: evil, roles: [], groups: [evil] }
      const used = { keyId: evil, versionNumber: evil }
      const userKey = { __typename: 'UserKey', name: evil, type: evil, defaultVersion: { number: evil } }
      const data = {
        viewer: { ...viewer, permissions: [], boundRoles: [], tokenExpiresAt: evil },
        sign: { __typename: 'SignPayload', signature: 'AAAA', signingAlgorithm: evil, ...used },
        verify: { __typename: 'VerifyPayload', valid: true, ...used },
        userKey,
        rotateUserKey: { __typename: 'RotateUserKeyPayload', userKey, version: { number: evil } },
      }
      const errors = [{ message: evil, extensions: { code: evil } }]
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(request.headers.authorization === 'Bearer bad' ? { errors } : { data }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const file = person.path('signed')
    writeFileSync(file, 'AAAA')
    const results = [
      await person.run('whoami', '--server', url),
      await person.run('whoami', '--server', url, '--json'),
      await person.runWith({ environment: { KEYSTEAD_TOKEN: 'bad' } }, 'whoami', '--server', url),
      await person.run('sign', file, '--key', 'k', '--server', url),
      await person.run(
        'verify',
        file,
        '--key',
        'k',
        '--key-version',
        '1',
        '--signature',
        file,
        '--server',
        url,
      ),
      await person.run('keys', 'rotate', 'k', '--yes', '--server', url),
    ]
    expect(results.map(({ code }) => code)).toEqual([0, 0, 1, 0, 0, 0])
    for (const { printed, said } of results) {
      const text = printed + said
      expect(text).toContain('\\u001b[2J')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    }
    expect(JSON.parse(results[1]?.printed ?? '')).toMatchObject({ project: evil })
    server.closeAllConnections()
    server.close()
  })
})
