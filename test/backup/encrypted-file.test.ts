import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BackupError } from '../../src/backup/contents.ts'
import { createEncryptedFile } from '../../src/backup/encrypted-file.ts'
import { openBackup } from '../../src/backup/read-backup.ts'
import { createBackupWriter } from '../../src/backup/write-backup.ts'
import type { FileSecret } from '../../src/crypto/file-key.ts'
import { chunkBytes, chunkTagBytes } from '../../src/crypto/sealed-chunks.ts'

const { publicKey, privateKey } = generateKeyPairSync('x25519')
const secret: FileSecret = { kind: 'x25519', privateKey }
const sealedBytes = chunkBytes + chunkTagBytes
const header = JSON.stringify({
  header: {
    format: 1,
    migration: '1_init',
    createdAt: '2027-01-01T00:00:00.000Z',
    source: 'embedded',
    rootKeyIds: ['a'],
  },
})

/** A backup of some chunks, and where the chunks begin. */
let whole: Buffer
let start: number
let lines: string[]

beforeAll(async () => {
  lines = Array.from({ length: 2500 }, (_, n) => `keys\t{"id":${n},"name":"${'x'.repeat(60 + (n % 50))}"}`)
  whole = await written([header, ...lines])
  start = whole.indexOf(0x0a) + 1 + 32
})

describe('a backup file', () => {
  it('gives back what was written, in several chunks', async () => {
    const records: string[] = []
    const { counts } = await read(whole, (table, json) => void records.push(`${table}\t${json}`))
    expect(records).toEqual(lines)
    expect(counts).toEqual({ keys: lines.length })
    expect((whole.length - start) / sealedBytes).toBeGreaterThan(3)
  })

  it('is refused with one sentence, whichever bit of it is another', async () => {
    const anywhere = fc.oneof(fc.nat(start + 40), fc.nat(whole.length - 1))
    await fc.assert(
      fc.asyncProperty(anywhere, fc.nat(7), async (position, bit) => {
        const changed = Buffer.from(whole)
        changed[position] = (changed[position] ?? 0) ^ (1 << bit)
        await expectRefused(changed)
      }),
      { numRuns: 400 },
    )
  }, 120_000)

  it('is refused for each single bit of its beginning', async () => {
    const small = await written([header, ...lines.slice(0, 3)])
    for (let position = 0; position < small.indexOf(0x0a) + 33; position++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(small)
        changed[position] = (changed[position] ?? 0) ^ (1 << bit)
        await expectRefused(changed)
      }
    }
  }, 120_000)

  it('is refused wherever it ends too early, also between two chunks', async () => {
    const between = Array.from({ length: 4 }, (_, n) => start + n * sealedBytes)
    const ends = [...between, ...between.map((end) => end + chunkTagBytes), 0, start - 1, whole.length - 1]
    for (const end of ends) await expectRefused(whole.subarray(0, end))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), (end) => expectRefused(whole.subarray(0, end))),
      { numRuns: 200 },
    )
  }, 120_000)

  it('is refused with chunks swapped, doubled, left out, or from another file', async () => {
    const [head, chunks] = [whole.subarray(0, start), chunksOf(whole, start)]
    const [first, second, ...rest] = chunks
    const other = await written([header, ...lines])
    const others = chunksOf(other, other.indexOf(0x0a) + 33)
    for (const arranged of [
      [second, first, ...rest],
      [first, first, second, ...rest],
      [first, ...rest],
      [first, others[1], ...rest],
      [...chunks, chunks.at(-1)],
      [...chunks, Buffer.alloc(chunkTagBytes)],
      [...chunks, Buffer.alloc(1)],
    ]) {
      await expectRefused(Buffer.concat([head, ...arranged.filter((each) => each !== undefined)]))
    }
  })

  it('is refused when it ends early at any record, though it was encrypted so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40 }), async (count) => {
        await expectRefused(await encrypted([header, ...lines.slice(0, 40)].slice(0, count).join('\n')))
        await expectRefused(
          await encrypted(`${[header, ...lines.slice(0, 40)].slice(0, count).join('\n')}\n`),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('is refused with another record than its trailer knows', async () => {
    const trailer = JSON.stringify({ trailer: { counts: { keys: 1 }, sha256: '0'.repeat(64) } })
    for (const records of [[lines[0]], [lines[0], lines[1]], [], ['unknown\t{}'], ['{"keys":1}']]) {
      await expectRefused(await encrypted(`${[header, ...records, trailer].join('\n')}\n`))
    }
  })

  it('needs the private key of its recipient', async () => {
    const other: FileSecret = { kind: 'x25519', privateKey: generateKeyPairSync('x25519').privateKey }
    await expectRefused(whole, other, 'it was made for another recipient')
    const passphrase: FileSecret = { kind: 'scrypt', passphrase: Buffer.from('whatever it may be') }
    await expectRefused(whole, passphrase, 'it needs a private key, not a passphrase')
  })

  it('refuses files that are something else, without much work', async () => {
    await expectRefused(Buffer.from('PGDMP\n'), secret, 'is no Keystead backup')
    await expectRefused(Buffer.alloc(5000, 0x61), secret, 'is no Keystead backup')
    // The memory that this would need is more than any machine has.
    const greedy = { kind: 'scrypt', salt: Buffer.alloc(32).toString('base64url'), logN: 60, r: 8, p: 1 }
    const line = `${JSON.stringify({ keystead: 'backup', version: 1, lock: greedy })}\n`
    const passphrase: FileSecret = { kind: 'scrypt', passphrase: Buffer.from('whatever it may be') }
    await expectRefused(Buffer.from(line), passphrase, 'locked in a way that this release does not know')
  })

  it('stands under its name only when it is complete', async () => {
    const folder = newFolder()
    const path = join(folder, 'backup')
    const writer = await createBackupWriter(path, { kind: 'x25519', publicKey })
    await writer.writeLine(header)
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.backup\..*\.partial$/)])
    await writer.discard()
    expect(readdirSync(folder)).toEqual([])
  })

  it('does not replace a file that appeared while it was written', async () => {
    const folder = newFolder()
    const path = join(folder, 'backup')
    const writer = await createBackupWriter(path, { kind: 'x25519', publicKey })
    await writer.writeLine(header)
    writeFileSync(path, 'of somebody else')
    const error = await writer.commit().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BackupError)
    expect((error as Error).message).toBe(`The file ${path} already exists and was not changed.`)
    await writer.discard()
    expect(readFileSync(path, 'utf8')).toBe('of somebody else')
    expect(readdirSync(folder)).toEqual(['backup'])
  })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-backup-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function written(content: readonly string[]): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-backup-'))
  try {
    const writer = await createBackupWriter(join(folder, 'backup'), { kind: 'x25519', publicKey })
    for (const line of content) await writer.writeLine(line)
    await writer.commit()
    return readFileSync(join(folder, 'backup'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Any content, encrypted as a backup is: what somebody with the public key could make. */
async function encrypted(content: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-backup-'))
  try {
    const file = await createEncryptedFile(join(folder, 'backup'), { kind: 'x25519', publicKey })
    await file.write(Buffer.from(content))
    await file.commit()
    return readFileSync(join(folder, 'backup'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function read(bytes: Buffer, onRecord: (table: string, json: string) => void = () => {}, by = secret) {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-backup-'))
  try {
    writeFileSync(join(folder, 'backup'), bytes)
    const backup = await openBackup(join(folder, 'backup'), by)
    return await backup.read({ onRecord: ({ table, json }) => onRecord(table, json) })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The one way in which a bad file ends: with a sentence for the operator. */
async function expectRefused(bytes: Buffer, by = secret, text = 'backup'): Promise<void> {
  const error = await read(bytes, undefined, by).then(
    () => 'accepted',
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(BackupError)
  expect((error as Error).message).toContain(text)
}

function chunksOf(bytes: Buffer, from: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = from; at < bytes.length; at += sealedBytes) chunks.push(bytes.subarray(at, at + sealedBytes))
  return chunks
}
