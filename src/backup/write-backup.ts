import { createHash } from 'node:crypto'
import { within } from '../clock.ts'
import type { FileRecipient } from '../crypto/file-key.ts'
import { backupTables, onSnapshot, readBackupFacts, readTable } from '../store/rows/backup-rows.ts'
import type { Store } from '../store/store.ts'
import { BackupError, formatHeader, formatRecord, formatTrailer } from './contents.ts'
import { createEncryptedFile } from './encrypted-file.ts'

/** A backup that is being written. */
interface BackupWriter {
  writeLine(line: string): Promise<void>
  /** Adds the trailer and gives the file its name. Returns the number of records. */
  commit(): Promise<number>
  discard(): Promise<void>
}

/** Writes the lines of a backup into an encrypted file, and counts them on the way. */
export async function createBackupWriter(path: string, recipient: FileRecipient): Promise<BackupWriter> {
  const file = await createEncryptedFile(path, recipient)
  const hash = createHash('sha256')
  const counts: Record<string, number> = {}
  let lines = 0
  return {
    async writeLine(line) {
      const bytes = Buffer.from(`${line}\n`)
      hash.update(bytes)
      if (lines > 0) {
        const table = line.slice(0, line.indexOf('\t'))
        counts[table] = (counts[table] ?? 0) + 1
      }
      lines++
      await file.write(bytes)
    },
    async commit() {
      await file.write(Buffer.from(`${formatTrailer({ counts, sha256: hash.digest('hex') })}\n`))
      await file.commit()
      return lines - 1
    },
    discard: () => file.discard(),
  }
}

/** Timeout for writing one page of records. On the embedded database all requests wait meanwhile. */
const stallMs = 30_000

/** Receiver of the lines of a backup. */
interface DumpTarget {
  /** Resolves when there is room for more. */
  takeLine(line: string): Promise<void>
  /** Called after each page. */
  onProgress?(records: number): Promise<void>
}

/**
 * Writes the header and all records of one moment, in pages. Returns the number of records.
 *
 * @throws BackupError if the target stalls
 */
export function dumpStore(store: Store, { takeLine, onProgress }: DumpTarget): Promise<number> {
  return onSnapshot(store, async (tx) => {
    const { now, migration, rootKeyIds } = await readBackupFacts(tx)
    await takeLine(
      formatHeader({ format: 1, migration, createdAt: now.toISOString(), source: store.kind, rootKeyIds }),
    )
    let records = 0
    const takePage = async (table: (typeof backupTables)[number], page: readonly string[]) => {
      for (const json of page) await takeLine(formatRecord({ table, json }))
      records += page.length
      await onProgress?.(records)
    }
    for (const table of backupTables) {
      for await (const page of readTable(tx, table)) {
        await within(stallMs, takePage(table, page), throwStalled)
      }
    }
    return records
  })
}

function throwStalled(): never {
  throw new BackupError('The backup was stopped: its records could not be written for 30 seconds.')
}
