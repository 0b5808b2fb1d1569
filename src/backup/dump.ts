import { backupTables, onSnapshot, readBackupFacts, readTable } from '../store/rows/backup-rows.ts'
import type { Store } from '../store/store.ts'
import { within } from '../timeout.ts'
import { BackupError } from './backup-error.ts'
import { formatHeader, formatRecord } from './contents.ts'

/** Timeout for writing one page of records. On the embedded database all requests wait meanwhile. */
const stallMs = 30_000

/** Receiver of the lines of a backup. */
export interface DumpTarget {
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
