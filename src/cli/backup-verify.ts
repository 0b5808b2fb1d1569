import { type BackupSummary, openBackup } from '../backup/read-backup.ts'
import { exitCodes } from '../command-line/command.ts'
import { counted } from '../counted.ts'
import { passphraseOptions, privateKeyOptions, readSecret } from '../operator/backup-secrets.ts'
import type { SetupCommand } from '../operator/command.ts'

/** Argument of the commands that read a backup. */
export const backupFileOption = {
  file: { type: 'string', value: 'FILE', bare: true, required: true, meaning: 'The backup.' },
} as const

/** Describes a backup in a sentence. */
export function describeBackup({ header, records }: BackupSummary): string {
  const { createdAt, source, migration, rootKeyIds } = header
  const database = source === 'embedded' ? 'an embedded database' : 'a PostgreSQL database'
  return `Backup of ${createdAt} with ${counted(records, 'record')} from ${database}, migration ${migration}, root keys ${rootKeyIds.join(', ')}.`
}

/** `keystead backup verify`. */
export const backupVerify: SetupCommand = {
  path: ['backup', 'verify'],
  summary: 'Reads a whole backup and verifies that it is complete and unchanged.',
  help: `
Needs the passphrase or the private key of the backup, but no database and no root key. Only a restore can check that
the root key unwraps the keys in the backup.

Example:
  keystead backup verify --passphrase-file /run/secrets/backup /backups/monday.keystead`,
  options: { ...backupFileOption, ...privateKeyOptions, ...passphraseOptions },
  async setUp(_config, invocation) {
    const path = String(invocation.options['file'])
    const backup = await openBackup(path, await readSecret(invocation))
    const summary = await backup.read()
    await invocation.print(describeBackup(summary))
    for (const [table, count] of Object.entries(summary.counts))
      await invocation.print(`  ${table}: ${count}`)
    await invocation.print('The backup is complete and unchanged.')
    return exitCodes.fine
  },
}
