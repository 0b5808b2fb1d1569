import { createHash } from 'node:crypto'
import type { FileRecipient } from '../crypto/file-key.ts'
import { formatTrailer } from './contents.ts'
import { createEncryptedFile } from './encrypted-file.ts'

/** A backup that is being written. */
export interface BackupWriter {
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
