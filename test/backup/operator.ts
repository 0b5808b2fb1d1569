import { generateKeyPairSync } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { runKeystead } from '../../src/cli/keystead.ts'
import type { Clock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import type { CommandResult } from '../support/command-process.ts'
import { createTestDatabase, type TestDatabase } from '../support/databases.ts'
import { type Client, clientFor, environmentFor, type Person } from '../support/story.ts'

/** A recipient's two key files. */
export interface RecipientFiles {
  readonly publicKey: string
  readonly privateKey: string
}

/** A folder that goes with the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-backup-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Key files as OpenSSL writes them. */
export function newRecipient(folder = newFolder()): RecipientFiles {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const files = { publicKey: join(folder, 'public.pem'), privateKey: join(folder, 'private.pem') }
  writeFileSync(files.publicKey, publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(files.privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return files
}

/** Runs `keystead` in this process, with the settings of a server on a database. */
export async function operate(
  database: TestDatabase,
  args: readonly string[],
  given: { environment?: Record<string, string>; askSecret?: (question: string) => Promise<string> } = {},
): Promise<CommandResult> {
  const [printed, said]: [string[], string[]] = [[], []]
  const { environment = {}, ...rest } = given
  const code = await runKeystead(args, {
    environment: { ...(await environmentFor(database)), ...environment },
    print: async (line) => void printed.push(`${line}\n`),
    progress: async (line) => void said.push(`${line}\n`),
    listenForStop: () => new AbortController().signal,
    ...rest,
  })
  return { code, printed: printed.join(''), said: said.join('') }
}

/** An empty database of the kind that this run of the suite is for, with the root key of another one. */
export async function newDatabase(rootKeyOf: TestDatabase): Promise<TestDatabase> {
  const database = await createTestDatabase()
  onTestFinished(() => database.dispose())
  copyRootKey(rootKeyOf, database)
  return database
}

/** A place for an embedded database, whatever this run of the suite is for, with the root key of another one. */
export function newEmbeddedDatabase(rootKeyOf: TestDatabase): TestDatabase {
  const database = { databaseUrl: null, dataFolder: newFolder(), dispose: async () => {} }
  copyRootKey(rootKeyOf, database)
  return database
}

/** A server on a database, until the test ends or it is closed. */
export async function serve(database: TestDatabase, clock: Clock) {
  const config = readConfig(await environmentFor(database))
  const app = await createApp(config, { clock, log: createLog('error', { write: () => {} }) })
  let isOpen = true
  const close = async () => {
    if (isOpen) await app.close()
    isOpen = false
  }
  onTestFinished(close)
  return { as: (person: Person): Client => clientFor(person, { getUrl: () => app.url, clock }), close }
}

function copyRootKey(from: TestDatabase, to: TestDatabase): void {
  const file = join(from.dataFolder, 'root.key')
  if (existsSync(file)) cpSync(file, join(to.dataFolder, 'root.key'))
}
