import { createPublicKey, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBackupWriter } from '../../src/backup/write-backup.ts'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { base64, type Story, startStoryForTest } from '../support/story.ts'
import { manager } from './everything.ts'
import {
  newDatabase,
  newEmbeddedDatabase,
  newFolder,
  newRecipient,
  operate,
  type RecipientFiles,
  serve,
} from './operator.ts'

let recipient: RecipientFiles

beforeEach(() => {
  recipient = newRecipient()
})

describe.skipIf(hasNoDatabase())('a restore', () => {
  it('is refused while a server uses the database, even with --force', async () => {
    const story = await startStoryForTest()
    await createKey(story)
    const file = await backUp(story.database)
    const { code, said } = await restore(story.database, file, '--force')
    expect(code).toBe(1)
    expect(said).toMatch(/Nothing was restored: .*(Stop it first|Stop all servers and commands first)/)
    expect(await keyNames(story)).toEqual(['orders'])
  })

  it.each([
    ['one bit is another', (bytes: Buffer) => flipped(bytes, bytes.length - 40)],
    ['its end is missing', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['it goes on after its end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(20)])],
  ])('of a backup writes nothing when %s', async (_what, change) => {
    const story = await startStoryForTest()
    await createKey(story)
    const file = await backUp(story.database)
    writeFileSync(file, change(readFileSync(file)))
    const target = newEmbeddedDatabase(story.database)
    const { code, printed, said } = await restore(target, file)
    expect({ code, printed }).toEqual({ code: 1, printed: '' })
    expect(said).toBe(`The backup ${file} is damaged: it was changed, or its end is missing.\n`)
    expect(existsSync(join(target.dataFolder, 'database'))).toBe(false)
  })

  it('needs the private key of the recipient', async () => {
    const story = await startStoryForTest()
    const file = await backUp(story.database)
    const target = newEmbeddedDatabase(story.database)
    const other = newRecipient().privateKey
    const { code, said } = await operate(target, ['restore', '--private-key', other, file])
    expect({ code, said }).toEqual({
      code: 1,
      said: `The backup ${file} does not open: it was made for another recipient.\n`,
    })
    expect(existsSync(join(target.dataFolder, 'database'))).toBe(false)
  })

  it('needs the root key: the backup and what opens it are not enough', async () => {
    const story = await startStoryForTest()
    await createKey(story)
    const file = await backUp(story.database)
    const target = { ...newEmbeddedDatabase(story.database), dataFolder: newFolder() }
    const without = await restore(target, file)
    expect(without).toMatchObject({ code: 1, printed: '' })
    expect(without.said).toMatch(/root key/i)
    const { code, said } = await operate(target, ['restore', '--private-key', recipient.privateKey, file], {
      environment: { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: randomBytes(32).toString('base64') },
    })
    expect(code).toBe(1)
    expect(said).toMatch(
      /Nothing was restored: the data was wrapped by root key \S+, but the configured root key is/,
    )
    expect(existsSync(join(target.dataFolder, 'database'))).toBe(false)
  })

  it('finds out that a row was changed behind the back of the server that was backed up', async () => {
    const story = await startStoryForTest()
    await createKey(story)
    await story.sql(`UPDATE keys SET owner = 'user:mallory'`)
    const file = await backUp(story.database)
    const target = await newDatabase(story.database)
    const { code, said } = await restore(target, file)
    expect(code).toBe(1)
    expect(said).toMatch(/Nothing was restored: the key \S+ in the backup does not verify/)
    await expectEmpty(target, story)
  })

  it('finds out that material does not open', async () => {
    const story = await startStoryForTest()
    await createKey(story)
    await story.sql(
      `UPDATE key_material SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) RETURNING 1`,
    )
    const file = await backUp(story.database)
    const target = await newDatabase(story.database)
    const { code, said } = await restore(target, file)
    expect(code).toBe(1)
    expect(said).toMatch(/Nothing was restored: the material of version 1 of the key \S+ does not open/)
    await expectEmpty(target, story)
  })

  it.each([
    ['20990101000000_later', 'was made by a newer release'],
    ['20200101000000_earlier', 'was made by an older release'],
  ])('of a backup with the migration %s is refused', async (migration, text) => {
    const story = await startStoryForTest()
    const file = join(newFolder(), 'backup')
    const publicKey = createPublicKey(readFileSync(recipient.publicKey))
    const writer = await createBackupWriter(file, { kind: 'x25519', publicKey })
    const createdAt = '2027-01-01T00:00:00.000Z'
    await writer.writeLine(
      JSON.stringify({ header: { format: 1, migration, createdAt, source: 'embedded', rootKeyIds: [] } }),
    )
    await writer.commit()
    const target = newEmbeddedDatabase(story.database)
    const { code, said } = await restore(target, file)
    expect(code).toBe(1)
    expect(said).toContain(text)
    expect(existsSync(join(target.dataFolder, 'database'))).toBe(false)
  })

  it('over a store with keys is refused without --force, which replaces all of them', async () => {
    const story = await startStoryForTest()
    await createKey(story)
    const file = await backUp(story.database)
    await createKey(story, 'later')
    await story.stop()
    const refused = await restore(story.database, file)
    expect(refused).toMatchObject({
      code: 1,
      said: expect.stringContaining('holds keys or audit records already'),
    })
    await story.restart()
    expect(await keyNames(story)).toEqual(['later', 'orders'])
    await story.stop()
    expect(await restore(story.database, file, '--force')).toMatchObject({ code: 0 })
    await story.restart()
    expect(await keyNames(story)).toEqual(['orders'])
  })
})

describe.skipIf(hasNoDatabase())('a checkpoint that was kept elsewhere', () => {
  it('shows that a restored database has lost what came after the backup', async () => {
    const story = await startStoryForTest()
    await createKey(story)
    const file = await backUp(story.database)
    await createKey(story, 'later')
    const { printed } = await operate(story.database, ['audit', 'checkpoint'])
    const checkpoint = join(newFolder(), 'checkpoint.jws')
    writeFileSync(checkpoint, printed)
    await story.stop()
    expect(await restore(story.database, file, '--force')).toMatchObject({ code: 0 })
    expect(await operate(story.database, ['audit', 'verify'])).toMatchObject({ code: 0 })
    const { code, printed: found } = await operate(story.database, [
      'audit',
      'verify',
      '--checkpoint',
      checkpoint,
    ])
    expect({ code, found }).toEqual({ code: 1, found: expect.stringContaining('checkpoint') })
  })
})

describe.skipIf(hasNoDatabase())('a backup that fails', () => {
  it('leaves no file', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const folder = newFolder()
    const { code } = await operate(
      story.database,
      ['backup', '--recipient', recipient.publicKey, join(folder, 'b')],
      {
        environment: { ROOT_KEY_PROVIDER: 'env', ROOT_KEY: randomBytes(32).toString('base64') },
      },
    )
    expect(code).toBe(1)
    expect(readdirSync(folder)).toEqual([])
  })

  it('takes no private key for a public one, no short passphrase, and no two that differ', async () => {
    const story = await startStoryForTest()
    const folder = newFolder()
    const file = join(folder, 'b')
    const passphraseFile = join(folder, 'passphrase')
    writeFileSync(passphraseFile, 'too short\n')
    const answers = ['correct horse battery', 'correct horse batterY']
    const askSecret = async () => answers.shift() ?? ''
    for (const [args, text] of [
      [['--recipient', recipient.privateKey], 'holds no X25519 public key'],
      [['--recipient', join(folder, 'none')], 'cannot be read (ENOENT)'],
      [['--passphrase-file', passphraseFile], 'The passphrase must have at least 12 characters.'],
      [['--passphrase-env', 'UNSET_VARIABLE'], 'The environment variable UNSET_VARIABLE is not set.'],
      [[], 'The passphrases differ. Nothing was backed up.'],
    ] as const) {
      const { code, said } = await operate(story.database, ['backup', ...args, file], { askSecret })
      expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(text) })
    }
    expect(readdirSync(folder)).toEqual(['passphrase'])
  })

  it.each([
    [[], 'The argument FILE is missing.'],
    [['a', 'b'], "Unexpected argument 'b'."],
    [['--recipient', 'x', '--passphrase-file', 'y', 'a'], 'Give either --recipient or --passphrase-file'],
    [['a'], 'A passphrase is needed, and there is no terminal to ask for it.'],
    [['--passphrase', 'secret', 'a'], "Unknown option '--passphrase'."],
  ])('was used wrongly with %j', async (args, text) => {
    const story = await startStoryForTest()
    const { code, said } = await operate(story.database, ['backup', ...args])
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining(text) })
  })
})

async function createKey(story: Story, name = 'orders'): Promise<void> {
  const mia = story.as(manager)
  const { userKey } = await mia.mutate('createUserKey', { name }, 'userKey { id }')
  await mia.mutate('encrypt', { key: userKey.id, plaintext: base64(name) })
}

async function keyNames(story: Pick<Story, 'as'>): Promise<string[]> {
  const { userKeys } = await story
    .as(manager)
    .ask<{ userKeys: { nodes: { name: string }[] } }>('{ userKeys { nodes { name } } }')
  return userKeys.nodes.map(({ name }) => name).sort()
}

async function backUp(database: TestDatabase): Promise<string> {
  const file = join(newFolder(), 'backup')
  const { code } = await operate(database, ['backup', '--recipient', recipient.publicKey, file])
  expect(code).toBe(0)
  return file
}

function restore(database: TestDatabase, file: string, ...options: string[]) {
  return operate(database, ['restore', '--private-key', recipient.privateKey, ...options, file])
}

/** A server starts on it as on a new database. */
async function expectEmpty(database: TestDatabase, { clock }: Story): Promise<void> {
  const server = await serve(database, clock)
  expect(await keyNames(server)).toEqual([])
  await server.close()
}

function flipped(bytes: Buffer, position: number): Buffer {
  bytes[position] = (bytes[position] ?? 0) ^ 1
  return bytes
}
