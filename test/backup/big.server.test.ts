import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runCommand } from '../support/command-process.ts'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { endStory, environmentFor, type Story, startStory } from '../support/story.ts'
import { fillStore } from './big-store.ts'
import { manager } from './everything.ts'
import { newDatabase, newFolder, newRecipient, type RecipientFiles, serve } from './operator.ts'

const size = { keys: 2000, events: 20_000 }
/** Node ends a process that needs more for its objects. */
const heapMebibytes = 96

describe.skipIf(hasNoDatabase())('a big store', () => {
  let story: Story
  let recipient: RecipientFiles

  beforeAll(async () => {
    if (hasNoDatabase()) return
    story = await startStory()
    await fillStore(story, size)
  }, 900_000)

  afterAll(async () => {
    if (story !== undefined) await endStory(story)
  })

  const isGood = async (file: string) => {
    const args = ['backup', 'verify', '--private-key', recipient.privateKey, file]
    return (await runCommand(await environmentFor(story.database), ...args)).code === 0
  }
  const backUp = async (file: string) => {
    recipient = newRecipient()
    return ['backup', '--recipient', recipient.publicKey, file]
  }

  it('is backed up and restored whole in less memory than its records need', async () => {
    const file = join(newFolder(), 'backup')
    await story.stop()
    expect(await runInLittleMemory(story.database, await backUp(file))).toMatchObject({ code: 0 })
    expect(statSync(file).size).toBeGreaterThan(heapMebibytes * 1.5 * 2 ** 20)
    const target = await newDatabase(story.database)
    const args = ['restore', '--private-key', recipient.privateKey, file]
    expect(await runInLittleMemory(target, args)).toMatchObject({ code: 0 })
    expect(await keyCount(target, story)).toBe(size.keys)
    await story.restart()
  }, 900_000)

  it('has no file under its name when the backup is killed, and is none the worse', async () => {
    const folder = newFolder()
    const file = join(folder, 'backup')
    const child = start(await environmentFor(story.database), await backUp(file))
    // In the middle: some of it is written, or all of it already where this test was held up.
    await until(() => readdirSync(folder).some((name) => statSync(join(folder, name)).size > 500_000))
    await kill(child)
    const isComplete = await isGood(file)
    expect(existsSync(file)).toBe(isComplete)
    rmSync(file, { force: true })
    const again = await runCommand(await environmentFor(story.database), ...(await backUp(file)))
    expect(again).toMatchObject({ code: 0 })
    expect(existsSync(file)).toBe(true)
  }, 900_000)

  it('is as before when the restore is killed, and can then be restored', async () => {
    const file = join(newFolder(), 'backup')
    const environment = await environmentFor(story.database)
    expect(await runCommand(environment, ...(await backUp(file)))).toMatchObject({ code: 0 })
    const target = await newDatabase(story.database)
    const server = await serve(target, story.clock)
    await server.as(manager).mutate('createUserKey', { name: 'before' }, 'userKey { id }')
    await server.close()
    const args = ['restore', '--force', '--private-key', recipient.privateKey, file]
    const child = start(await environmentFor(target), args)
    // In the middle: it tells how many records it has written.
    await saysWhileAlive(child, / of \d+ records/)
    await kill(child)
    // All of it or nothing, at whatever moment the signal arrived.
    expect([1, size.keys]).toContain(await keyCount(target, story))
    expect(await runCommand(await environmentFor(target), ...args)).toMatchObject({ code: 0 })
    expect(await keyCount(target, story)).toBe(size.keys)
  }, 900_000)
})

const program = join(import.meta.dirname, '../../src/main.ts')

function start(environment: Record<string, string>, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Ends it at once, if it has not ended. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function saysWhileAlive(child: ChildProcess, pattern: RegExp): Promise<void> {
  let said = ''
  for await (const more of child.stderr?.setEncoding('utf8') ?? []) {
    said += more
    if (pattern.test(said)) return
  }
  throw new Error(`it ended before it was killed: ${said}`)
}

async function runInLittleMemory(database: TestDatabase, args: readonly string[]) {
  const environment = await environmentFor(database)
  const child = start({ ...environment, NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` }, args)
  const said = text(child.stderr ?? Readable.from([]))
  await once(child, 'exit')
  return { code: child.exitCode, said: await said }
}

async function keyCount(database: TestDatabase, { clock }: Story): Promise<number> {
  const server = await serve(database, clock)
  const { userKeys } = await server
    .as(manager)
    .ask<{ userKeys: { totalCount: number } }>('{ userKeys(first: 1) { totalCount } }')
  await server.close()
  return userKeys.totalCount
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
