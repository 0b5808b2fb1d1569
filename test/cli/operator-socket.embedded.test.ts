import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runCommand } from '../support/command-process.ts'
import { createTestDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

const show = ['key', 'show', '--project', 'demo', '--name', 'orders'] as const

describe('a command on the embedded database', () => {
  it('runs inside the running server, through a socket for the owner of the folder only', async () => {
    const { dataFolder, settings } = await newInstallation()
    const server = await start(settings)
    const socket = join(dataFolder, 'keystead.sock')
    expect(statSync(socket).isSocket()).toBe(true)
    expect((statSync(socket).mode & 0o777).toString(8)).toBe('600')
    await expectNoKey(await runCommand(settings, ...show))
    expect(server.output.join('\n')).toContain('"command":"key show","exit":1,"msg":"operator command"')
  })

  it('opens the folder itself once the server has stopped, which leaves no socket', async () => {
    const { dataFolder, settings } = await newInstallation()
    await (await start(settings)).stop('SIGTERM')
    expect(readdirSync(dataFolder).filter((name) => name.includes('sock'))).toEqual([])
    await expectNoKey(await runCommand(settings, ...show))
  })

  it('is not held up by the socket of a server that was killed, and neither is the next server', async () => {
    const { dataFolder, settings } = await newInstallation()
    await (await start(settings)).stop('SIGKILL')
    expect(existsSync(join(dataFolder, 'keystead.sock'))).toBe(true)
    await expectNoKey(await runCommand(settings, ...show))
    const server = await start(settings)
    await expectNoKey(await runCommand(settings, ...show))
    expect(server.output.join('\n')).toContain('operator command')
  })

  it('reaches a server whose folder has too long a path for a socket, through a private folder', async () => {
    const { dataFolder, settings } = await newInstallation('long-'.repeat(25))
    const server = await start(settings)
    expect(existsSync(join(dataFolder, 'keystead.sock'))).toBe(false)
    const socket = readFileSync(join(dataFolder, 'keystead.sock.path'), 'utf8')
    expect((statSync(socket).mode & 0o777).toString(8)).toBe('600')
    expect((statSync(dirname(socket)).mode & 0o777).toString(8)).toBe('700')
    await expectNoKey(await runCommand(settings, ...show))
    expect(server.output.join('\n')).toContain('operator command')
    await server.stop('SIGTERM')
    expect(existsSync(dirname(socket))).toBe(false)
  })

  it('says so where a server has the folder open and takes no commands', async () => {
    const { dataFolder, settings } = await newInstallation()
    await start(settings)
    // As if the socket were somebody else's: its folder is not private.
    const elsewhere = join(dataFolder, 'open')
    mkdirSync(elsewhere, { mode: 0o755 })
    writeFileSync(join(dataFolder, 'keystead.sock.path'), join(elsewhere, 's'))
    const { code, said } = await runCommand(settings, ...show)
    expect(code).toBe(1)
    expect(said).toContain(`A process is using the data folder ${dataFolder} and takes no commands`)
    expect(said).not.toMatch(/^\s+at /m)
  })
})

describe('the socket', () => {
  it.each([
    'no JSON',
    '{"path":["serve"],"args":[]}',
    '{"path":"key show"}',
    '{"path":["key","show"],"args":[1]}',
  ])('answers %s without a command being run, and serves on', async (line) => {
    const { dataFolder, settings } = await newInstallation()
    await start(settings)
    const socket = connect(join(dataFolder, 'keystead.sock'))
    socket.write(`${line}\n`)
    const answers = (await text(socket))
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each))
    expect(answers).toEqual([{ progress: expect.stringContaining('another release') }, { exit: 1 }])
    await expectNoKey(await runCommand(settings, ...show))
  })

  it('does not keep the server from stopping while a connection asks nothing', async () => {
    const { dataFolder, settings } = await newInstallation()
    const server = await start(settings)
    const idle = connect(join(dataFolder, 'keystead.sock'))
    idle.on('error', () => {})
    await new Promise<void>((resolve) => idle.once('connect', resolve))
    expect(await server.stop('SIGTERM')).toBe(0)
  })
})

async function newInstallation(below = '') {
  const { dataFolder: made, dispose } = await createTestDatabase()
  onTestFinished(dispose)
  const dataFolder = join(made, below)
  return { dataFolder, settings: { DATA_FOLDER: dataFolder, PORT: '0' } }
}

async function start(settings: Record<string, string>): Promise<ServerProcess> {
  const server = await startServerProcess(settings)
  onTestFinished(async () => {
    if (server.child.exitCode === null && server.child.signalCode === null) await server.stop('SIGKILL')
  })
  return server
}

/** The command has looked into the data, and found that the key is not there. */
async function expectNoKey(result: { code: number | null; printed: string; said: string }): Promise<void> {
  expect(result).toEqual({
    code: 1,
    printed: '',
    said: 'The project "demo" has no key with the name "orders". Projects and names are case-sensitive.\n',
  })
}
