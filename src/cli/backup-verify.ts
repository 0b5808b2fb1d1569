import { openBackup } from '../backup/read-backup.ts'
import { passphraseOptions, privateKeyOptions, readSecret } from '../operator/backup-secrets.ts'
import { exitCodes, type SetupCommand } from '../operator/command.ts'
import { backupFileOption, describeBackup } from './backup-file.ts'

/** `keystead backup verify`. */
export const backupVerify: SetupCommand = {
  path: ['backup', 'verify'],
  summary: 'Reads a whole backup and says whether it is complete and unchanged.',
  help: `
Needs what the backup was encrypted for, but no database and no root key. What only a restore can tell: whether the root
key opens the keys in it.

Example:
  keystead backup verify --passphrase-file /run/secrets/backup /backups/monday.keystead`,
  options: { ...backupFileOption, ...privateKeyOptions, ...passphraseOptions },
  async setUp(_config, caller) {
    const path = String(caller.options['file'])
    const backup = await openBackup(path, await readSecret(caller))
    const summary = await backup.read()
    await caller.print(describeBackup(summary))
    for (const [table, count] of Object.entries(summary.counts)) await caller.print(`  ${table}: ${count}`)
    await caller.print('It is complete and unchanged.')
    return exitCodes.fine
  },
}
