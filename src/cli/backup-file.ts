import type { BackupSummary } from '../backup/read-backup.ts'

/** The argument of the commands that read a backup. */
export const backupFileOption = {
  file: { type: 'string', value: 'FILE', bare: true, required: true, meaning: 'The backup.' },
} as const

/** What a backup is, in a sentence. */
export function describeBackup({ header, records }: BackupSummary): string {
  const { createdAt, source, migration, rootKeyIds } = header
  const database = source === 'embedded' ? 'an embedded database' : 'a PostgreSQL database'
  return `Backup of ${createdAt} with ${records} records from ${database}, migration ${migration}, root keys ${rootKeyIds.join(', ')}.`
}
