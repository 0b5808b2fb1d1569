import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { quickStart } from '../support/command-process.ts'
import { createTestDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'
import { readAnswer } from '../support/story.ts'

const hasNoCurl =
  spawnSync('curl', ['--version']).error !== undefined &&
  cannotRun('the printed curl command', 'There is no curl.')

describe('the first start', () => {
  it('makes the folder, for its owner only, and says where everything is', async () => {
    const dataFolder = join(newFolder(), 'made', 'at first start')
    const { url, output, stop } = await start(dataFolder)
    const printed = output.join('\n')
    for (const expected of [
      'Keystead is starting in development mode',
      `${url}/graphql`,
      `${url}/dev/tokens/PERSONA`,
      'admin, member, outsider, agent',
      dataFolder,
    ]) {
      expect(printed).toContain(expected)
    }
    expect((statSync(dataFolder).mode & 0o777).toString(8)).toBe('700')
    expect((statSync(join(dataFolder, 'root.key')).mode & 0o777).toString(8)).toBe('600')
    expect(await stop('SIGTERM')).toBe(0)
  })

  it.skipIf(hasNoCurl)('prints a command that encrypts, as it stands', async () => {
    const server = await start(await preparedFolder())
    const { data } = await runPrintedCommand(server)
    expect(data).toEqual({
      encryptWithServiceKey: {
        ciphertext: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
        keyId: expect.stringMatching(/^skey_/),
        versionNumber: 1,
      },
    })
    // It can be repeated: the service has its key, and gets no second one.
    const again = await runPrintedCommand(server)
    expect(again.data.encryptWithServiceKey.keyId).toBe(data.encryptWithServiceKey.keyId)
  })
})

describe('a start that is refused', () => {
  it('on a folder in use says so, and leaves the first server alone', async () => {
    const dataFolder = await preparedFolder()
    const first = await start(dataFolder)
    const second = await startInVain({ DATA_FOLDER: dataFolder, PORT: '0' })
    expect(second.code).toBe(1)
    expect(second.errors).toContain(`Another process is using the data folder ${dataFolder}`)
    expect(second.errors).toContain('DATA_FOLDER')
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200)
  })

  it('on a port in use names the port', async () => {
    const { port } = new URL((await start(await preparedFolder())).url)
    const { code, errors } = await startInVain({ DATA_FOLDER: await preparedFolder(), PORT: port })
    expect(code).toBe(1)
    expect(errors).toBe(
      `Keystead has to stop: port ${port} of 127.0.0.1 is in use. Stop the other server, or choose another PORT.\n`,
    )
  })

  it('on an address of another machine names the setting', async () => {
    const settings = {
      HOST: '192.0.2.1',
      AUTH_ISSUER: 'https://issuer.test',
      AUTH_JWKS_URL: 'https://a.test',
    }
    const { code, errors } = await startInVain({
      DATA_FOLDER: await preparedFolder(),
      PORT: '0',
      ...settings,
    })
    expect(code).toBe(1)
    expect(errors).toMatch(/^Keystead has to stop: HOST 192\.0\.2\.1 .*EADDRNOTAVAIL.*\n$/)
  })

  it('without the keys of the issuer names the file', async () => {
    const AUTH_JWKS_FILE = join(newFolder(), 'absent.json')
    const settings = {
      DATA_FOLDER: await preparedFolder(),
      AUTH_ISSUER: 'https://issuer.test',
      AUTH_JWKS_FILE,
    }
    const { code, errors } = await startInVain(settings)
    expect(code).toBe(1)
    expect(errors).toMatch(/^Keystead has to stop: .*AUTH_JWKS_FILE.*\n$/)
    expect(errors).toContain(AUTH_JWKS_FILE)
  })

  it('with a bad configuration lists all that is wrong with it, and makes nothing', async () => {
    const dataFolder = join(newFolder(), 'data')
    const { code, errors } = await startInVain({
      DATA_FOLDER: dataFolder,
      HOST: '0.0.0.0',
      NODE_ENV: 'production',
      PORT: '65536',
      ROTATION_TIME_ZONE: 'Mars/Olympus',
      ALLOWED_ALGORITHMS: 'AES_256_GCM,ROT13',
      ROOT_KEY_PROVIDER: 'env',
      DESTROY_WAITING_DAYS_MIN: '9',
    })
    expect(code).toBe(1)
    const [first, ...problems] = errors.trimEnd().split('\n')
    expect(first).toBe('Keystead has to stop: The configuration has 7 problems:')
    expect(problems.map((problem) => problem.trim().split(/[ =]/)[0]).sort()).toEqual([
      'ALLOWED_ALGORITHMS',
      'DESTROY_WAITING_DAYS_DEFAULT',
      'HOST',
      'NODE_ENV',
      'PORT',
      'ROOT_KEY',
      'ROTATION_TIME_ZONE',
    ])
    expect(() => statSync(dataFolder)).toThrow('ENOENT')
  })
})

describe('a data folder and its root key', () => {
  it('that was removed: the start is refused, no new one is made, and all is there when it is back', async () => {
    const { dataFolder, rootKey } = await folderWithKey()
    renameSync(rootKey, `${rootKey}.away`)
    const before = readdirSync(dataFolder).sort()
    const { code, errors } = await startInVain({ DATA_FOLDER: dataFolder, PORT: '0' })
    expect(code).toBe(1)
    expect(errors).toContain(`the root key file ${rootKey} is missing`)
    expect(errors).toContain('Put the file back')
    expect(readdirSync(dataFolder).sort()).toEqual(before)
    renameSync(`${rootKey}.away`, rootKey)
    await expectKeyThere(dataFolder)
  })

  it('that others can read is set to 600, and the log says so', async () => {
    const { dataFolder, rootKey } = await folderWithKey()
    for (const mode of [0o660, 0o604]) {
      chmodSync(rootKey, mode)
      const server = await start(dataFolder)
      const warned = server.output.filter((line) => line.includes(`the root key file ${rootKey} (mode`))
      expect(warned.map((line) => JSON.parse(line).level)).toEqual([40])
      expect((statSync(rootKey).mode & 0o777).toString(8)).toBe('600')
      await server.stop('SIGTERM')
    }
    await expectKeyThere(dataFolder)
  })

  it('that is another one: the start is refused, and shows nothing of either', async () => {
    const { dataFolder, rootKey } = await folderWithKey()
    renameSync(rootKey, `${rootKey}.away`)
    const other = randomBytes(32).toString('base64')
    writeFileSync(rootKey, other, { mode: 0o600 })
    const { code, errors } = await startInVain({ DATA_FOLDER: dataFolder, PORT: '0' })
    expect(code).toBe(1)
    expect(errors).toMatch(
      /^Keystead has to stop: .*root key local-[0-9a-f]{16}.*root key.* is local-[0-9a-f]{16}.*\n$/,
    )
    expect(errors).not.toContain(other)
    renameSync(`${rootKey}.away`, rootKey)
    await expectKeyThere(dataFolder)
  })

  it('that is no key: the start is refused, and shows nothing of what is there', async () => {
    const { dataFolder, rootKey } = await folderWithKey()
    writeFileSync(rootKey, 'c2VjcmV0')
    const { code, errors } = await startInVain({ DATA_FOLDER: dataFolder, PORT: '0' })
    expect(code).toBe(1)
    expect(errors).toContain(`the root key file ${rootKey} does not hold the base64 of 32 bytes`)
    expect(errors).not.toContain('c2VjcmV0')
  })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder with an empty database, so that a start is quick. */
async function preparedFolder(): Promise<string> {
  const { dataFolder, dispose } = await createTestDatabase()
  onTestFinished(dispose)
  return dataFolder
}

/** Starts a server in development mode; it is gone when the test ends. */
async function start(dataFolder: string): Promise<ServerProcess> {
  const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0' })
  onTestFinished(async () => {
    if (server.child.exitCode === null && server.child.signalCode === null) await server.stop('SIGKILL')
  })
  return server
}

/** What a server that does not start leaves behind: its exit code, and what it has printed as errors. */
async function startInVain(environment: Record<string, string>) {
  const child = spawn(process.execPath, [...quickStart, join(import.meta.dirname, '../../src/main.ts')], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [errors] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, errors }
}

/** Runs the lines from the one that gets a token to the one that ends the request, as a person would paste them. */
async function runPrintedCommand({ output }: ServerProcess) {
  const first = output.findIndex((line) => line.includes('TOKEN=$('))
  const last = output.findIndex((line) => line.trimEnd().endsWith("}'"))
  expect(first).toBeGreaterThan(0)
  expect(last).toBeGreaterThan(first)
  const child = spawn('bash', ['-c', output.slice(first, last + 1).join('\n')])
  const [answer] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(child.exitCode).toBe(0)
  return JSON.parse(answer)
}

/** A folder of a server that has a key, and is stopped. */
async function folderWithKey() {
  const dataFolder = await preparedFolder()
  const server = await start(dataFolder)
  const created = await asAdmin(
    server,
    'mutation { createUserKey(input: { name: "orders" }) { __typename } }',
  )
  expect(created).toEqual({ createUserKey: { __typename: 'CreateUserKeyPayload' } })
  expect(await server.stop('SIGTERM')).toBe(0)
  return { dataFolder, rootKey: join(dataFolder, 'root.key') }
}

/** A start as usual: the key is there, and its material opens. */
async function expectKeyThere(dataFolder: string): Promise<void> {
  const server = await start(dataFolder)
  const document = '{ userKey(key: "orders") { id } }'
  const { userKey } = await asAdmin(server, document)
  const encrypt = `mutation { encrypt(input: { key: "${userKey.id}", plaintext: "" }) { __typename } }`
  expect(await asAdmin(server, encrypt)).toEqual({ encrypt: { __typename: 'EncryptPayload' } })
}

async function asAdmin({ url }: ServerProcess, query: string) {
  const { token } = (await (await fetch(`${url}/dev/tokens/admin`)).json()) as { token: string }
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return (await readAnswer(response)).data
}
