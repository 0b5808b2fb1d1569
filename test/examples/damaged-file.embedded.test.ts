import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../examples/connect.ts'
import { decryptFile } from '../../examples/file-encryption.ts'
import { FileFormatError } from '../../examples/file-format.ts'
import { KeysteadError } from '../../examples/keystead-client.ts'
import { unwrapDataKey } from '../../examples/steps.ts'
import {
  makeFileForTest,
  makeFolder,
  readHeaderLine,
  runDemo,
  startDevelopmentServer,
} from './demo-process.ts'

/** A whole segment of an encrypted file: 1 MiB and its tag. */
const sealedBytes = 1024 * 1024 + 16
const folder = makeFolder()
const outputFolder = join(folder.path, 'output')
const destination = join(outputFolder, 'decrypted')

let server: { url: string; stop(): Promise<void> }
/** Encrypted by the demo itself: some bytes; as many under another key; and 3 MiB + 1. */
let small: Buffer
let other: Buffer
let large: Buffer
const largeContent = randomBytes(3 * 1024 * 1024 + 1)

beforeAll(async () => {
  server = await startDevelopmentServer()
  mkdirSync(outputFolder)
  small = await encrypt('small', randomBytes(20))
  other = await encrypt('other', randomBytes(20))
  large = await encrypt('large', largeContent)
})
afterAll(async () => {
  await server.stop()
  folder.remove()
})

async function encrypt(name: string, content: Uint8Array): Promise<Buffer> {
  const path = join(folder.path, name)
  writeFileSync(path, content)
  const result = await runDemo([path, '--keep', '--url', server.url])
  expect(result).toMatchObject({ status: 0 })
  return readFileSync(`${path}.keystead`)
}

/** Decrypts these bytes as the demo does. Gives the error, or what was decrypted. */
async function decrypt(sealed: Uint8Array): Promise<unknown> {
  const source = join(folder.path, 'changed.keystead')
  writeFileSync(source, sealed)
  const { client } = await connect({ url: server.url, token: null, signal: new AbortController().signal })
  try {
    await decryptFile({ source, destination }, (header) => unwrapDataKey(client, header))
  } catch (error) {
    return error
  }
  const decrypted = readFileSync(destination)
  rmSync(destination)
  return decrypted
}

async function expectRefused(sealed: Uint8Array): Promise<void> {
  const outcome = await decrypt(sealed)
  const isRefusal =
    outcome instanceof FileFormatError ||
    (outcome instanceof KeysteadError && outcome.code === 'INVALID_CIPHERTEXT')
  expect(isRefusal, String(outcome)).toBe(true)
  expect(readdirSync(outputFolder)).toEqual([])
}

function headerLengthOf(sealed: Buffer): number {
  return sealed.indexOf('}\n') + 2
}

/** The header of a file, and its segments. */
function takeApart(sealed: Buffer): { header: Buffer; segments: Buffer[] } {
  const start = headerLengthOf(sealed)
  const segments = []
  for (let from = start; from < sealed.length; from += sealedBytes) {
    segments.push(sealed.subarray(from, from + sealedBytes))
  }
  return { header: sealed.subarray(0, start), segments }
}

describe('an encrypted file', () => {
  it('opens as long as nobody changes it', async () => {
    expect(await decrypt(large)).toEqual(largeContent)
    expect(takeApart(large).segments.map(({ length }) => length)).toEqual([
      sealedBytes,
      sealedBytes,
      sealedBytes,
      17,
    ])
  })

  it('is refused with a flipped bit in any of its bytes', async () => {
    for (let index = 0; index < small.length; index++) {
      const changed = Buffer.from(small)
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8))
      await expectRefused(changed)
    }
  })

  it('is refused with a flipped bit in each of its segments', async () => {
    const start = headerLengthOf(large)
    for (const index of [0, sealedBytes - 1, sealedBytes, 2 * sealedBytes + 99, 3 * sealedBytes]) {
      const changed = Buffer.from(large)
      changed[start + index] = (changed[start + index] ?? 0) ^ 1
      await expectRefused(changed)
    }
  })

  it('is refused wherever its end was cut off', async () => {
    for (let length = 0; length < small.length; length++) await expectRefused(small.subarray(0, length))
    const start = headerLengthOf(large)
    const lengths = [1, 15, 16, sealedBytes, 2 * sealedBytes + 5, 3 * sealedBytes, 3 * sealedBytes + 16]
    for (const length of [0, ...lengths]) await expectRefused(large.subarray(0, start + length))
  })

  it('is refused with segments that were swapped, left out, repeated or added', async () => {
    const { header, segments } = takeApart(large)
    const arrangements = [
      [1, 0, 2, 3],
      [0, 2, 1, 3],
      [0, 1, 3],
      [1, 2, 3],
      [0, 1, 2, 2, 3],
      [0, 1, 2, 3, 3],
      [3],
    ]
    for (const arrangement of arrangements) {
      const moved = arrangement.map((index) => segments[index] ?? Buffer.alloc(0))
      await expectRefused(Buffer.concat([header, ...moved]))
    }
    await expectRefused(Buffer.concat([large, Buffer.alloc(1)]))
  })

  it('is refused with the header or the segments of another file', async () => {
    const mine = takeApart(small)
    const foreign = takeApart(other)
    await expectRefused(Buffer.concat([foreign.header, ...mine.segments]))
    await expectRefused(Buffer.concat([mine.header, ...foreign.segments]))
  })

  it('is refused by Keystead itself if its wrapped key belongs to another file', async () => {
    const mine = readHeaderLine(join(folder.path, 'small.keystead'))
    const foreign = readHeaderLine(join(folder.path, 'other.keystead'))
    for (const field of ['fileId', 'wrappedKey'] as const) {
      const outcome = await decrypt(replaceIn(small, mine[field], foreign[field]))
      expect(outcome).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    }
  })

  it('is refused if its header names another key or version than its wrapped key does', async () => {
    const { keyId } = readHeaderLine(join(folder.path, 'small.keystead'))
    const { keyId: foreignId } = readHeaderLine(join(folder.path, 'other.keystead'))
    for (const changed of [
      replaceIn(small, keyId, foreignId),
      replaceIn(small, '"keyVersion":1', '"keyVersion":2'),
    ]) {
      const outcome = await decrypt(changed)
      expect(outcome).toBeInstanceOf(FileFormatError)
      expect(String(outcome)).toContain('names another key')
    }
  })

  it('is refused with a header that says the same in other bytes, or more', async () => {
    await expectRefused(replaceIn(small, '{"', '{ "'))
    await expectRefused(replaceIn(small, '}\n', ',"comment":""}\n'))
  })
})

function replaceIn(sealed: Buffer, from: string, to: string): Buffer {
  const changed = Buffer.from(sealed.toString('latin1').replace(from, to), 'latin1')
  expect(changed.equals(sealed)).toBe(false)
  return changed
}

describe('the command', () => {
  it('says that a changed file is not genuine, and leaves nothing behind', async () => {
    const changed = Buffer.from(large)
    // In the last segment: three have been decrypted by then.
    changed[changed.length - 17] = (changed[changed.length - 17] ?? 0) ^ 0x80
    const { path, folder } = makeFileForTest(changed, 'letter.txt.keystead')
    const result = await runDemo(['--decrypt', path, '--url', server.url])
    expect(result).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Segment 3 of the file is not genuine'),
    })
    expect(readdirSync(folder)).toEqual(['letter.txt.keystead'])
  })

  it('says that a file of another kind is not one of its own', async () => {
    const { path, folder } = makeFileForTest(Buffer.from('PK\u0003\u0004 and so on\n'), 'archive.keystead')
    const result = await runDemo(['--decrypt', path, '--url', server.url])
    expect(result).toMatchObject({ status: 1, stderr: expect.stringContaining('not a file of this demo') })
    expect(readdirSync(folder)).toEqual(['archive.keystead'])
  })
})
