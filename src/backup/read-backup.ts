import { createHash } from 'node:crypto'
import type { FileSecret } from '../crypto/file-key.ts'
import { type BackupTable, backupTables } from '../store/rows/backup-rows.ts'
import { BackupError, type BackupHeader, type BackupRecord, type BackupTrailer } from './contents.ts'
import { damaged, type EncryptedFile, openEncryptedFile } from './encrypted-file.ts'

/** Takes what is in a backup, in its order. */
export interface BackupVisitor {
  onRecord?(record: BackupRecord): Promise<void> | void
}

/** Summary of a backup that was read to its end. */
export interface BackupSummary {
  readonly header: BackupHeader
  readonly counts: BackupTrailer['counts']
  readonly records: number
}

/** A backup that its secret opens. */
export interface Backup {
  /**
   * Reads all of it. What the visitor was given counts only once this has resolved.
   *
   * @throws BackupError if anything in it is not as it was written
   */
  read(visitor?: BackupVisitor): Promise<BackupSummary>
}

const lineBytesMax = 64 * 1024 * 1024

/** Opens a backup with what it was encrypted for. */
export async function openBackup(path: string, secret: FileSecret): Promise<Backup> {
  const file = await openEncryptedFile(path, secret)
  return { read: (visitor = {}) => readAll(file, path, visitor) }
}

async function readAll(file: EncryptedFile, path: string, visitor: BackupVisitor): Promise<BackupSummary> {
  const hash = createHash('sha256')
  const counts: Record<string, number> = {}
  let header: BackupHeader | null = null
  let trailer: BackupTrailer | null = null
  let records = 0
  for await (const line of linesOf(file.read(), path)) {
    if (trailer !== null) throw damaged(path)
    if (header === null) {
      header = readHeader(line, path)
    } else if (line[0] === 0x7b) {
      trailer = readTrailer(line, path)
      continue
    } else {
      const record = readRecord(line, path)
      counts[record.table] = (counts[record.table] ?? 0) + 1
      records++
      await visitor.onRecord?.(record)
    }
    hash.update(line).update('\n')
  }
  if (header === null || trailer === null) throw damaged(path)
  const tables = new Set([...Object.keys(counts), ...Object.keys(trailer.counts)])
  const isComplete = [...tables].every((table) => counts[table] === trailer.counts[table])
  if (!isComplete || trailer.sha256 !== hash.digest('hex')) throw damaged(path)
  return { header, counts, records }
}

/** Lines without their line breaks; the last one has to have one as well. */
async function* linesOf(pieces: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  for await (const piece of pieces) {
    let start = 0
    for (let end = piece.indexOf(0x0a); end >= 0; end = piece.indexOf(0x0a, start)) {
      yield Buffer.concat([...rest, piece.subarray(start, end)])
      rest = []
      length = 0
      start = end + 1
    }
    rest.push(piece.subarray(start))
    length += piece.length - start
    if (length > lineBytesMax) throw damaged(path)
  }
  if (length > 0) throw damaged(path)
}

function readHeader(line: Buffer, path: string): BackupHeader {
  const { header } = parse(line, path) as { header?: { format?: unknown } & BackupHeader }
  if (header === undefined) throw damaged(path)
  if (header.format !== 1) {
    throw new BackupError(`The backup ${path} was made by a newer release of Keystead. Use that one.`)
  }
  return header
}

function readTrailer(line: Buffer, path: string): BackupTrailer {
  const { trailer } = parse(line, path) as { trailer?: BackupTrailer }
  if (trailer === undefined) throw damaged(path)
  return trailer
}

function readRecord(line: Buffer, path: string): BackupRecord {
  const end = line.indexOf(0x09)
  const table = line.toString('latin1', 0, Math.max(end, 0))
  if (!isTable(table)) throw damaged(path)
  return { table, json: line.toString('utf8', end + 1) }
}

function isTable(name: string): name is BackupTable {
  return (backupTables as readonly string[]).includes(name)
}

/** Parses a line. Lines are authenticated, so one that is not JSON was not written by Keystead. */
function parse(line: Buffer, path: string): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    throw damaged(path)
  }
}
