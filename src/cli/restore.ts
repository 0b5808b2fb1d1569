import { createChainMac } from '../audit/chain.ts'
import { verifyAudit } from '../audit/verify/verify.ts'
import { BackupError, type BackupHeader } from '../backup/contents.ts'
import { openBackup } from '../backup/read-backup.ts'
import { restoreBackup } from '../backup/restore.ts'
import { systemClock } from '../clock.ts'
import { CommandError, exitCodes } from '../command-line/command.ts'
import type { Config } from '../config.ts'
import { counted } from '../counted.ts'
import type { InstallationKeys } from '../keyring/installation.ts'
import type { RootKeyProvider } from '../keyring/root-key-provider.ts'
import { openConfiguredRootKeys } from '../open-root-keys.ts'
import { passphraseOptions, privateKeyOptions, readSecret } from '../operator/backup-secrets.ts'
import { createPacer, type Invocation, type SetupCommand } from '../operator/command.ts'
import { createDatabaseClock } from '../store/database-clock.ts'
import { FolderInUseError } from '../store/errors.ts'
import { openStore } from '../store/open-store.ts'
import { newestMigration } from '../store/rows/backup-rows.ts'
import type { Store } from '../store/store.ts'
import { backupFileOption, describeBackup } from './backup-verify.ts'

const findingsMax = 100

/** `keystead restore`. */
export const restore: SetupCommand = {
  path: ['restore'],
  summary: 'Restores a backup into an empty database.',
  help: `
Restores into the database of the settings, embedded or PostgreSQL, regardless of which one the backup was made from.
All servers on it must be stopped. The settings must name the root keys that the backup needs (docs/backup.md).

The whole file is checked before anything is written, and everything is written in one transaction, so that a restore
that fails or is stopped changes nothing. It succeeds only if all keys verify and the root keys unwrap them. Then the
audit trail is verified, and the restore is audited, by system:operator.

Exit code 1 if nothing was restored, or if the restored audit trail has findings.

Example:
  DATABASE_URL=postgresql://keystead@db/keystead keystead restore /backups/monday.keystead`,
  options: {
    ...backupFileOption,
    ...privateKeyOptions,
    ...passphraseOptions,
    force: {
      type: 'boolean',
      meaning: 'Replaces everything in a database that is not empty. Its content is lost.',
    },
  },
  async setUp(config, invocation) {
    const backup = await openBackup(String(invocation.options['file']), await readSecret(invocation))
    const summary = await backup.read()
    await invocation.progress(describeBackup(summary))
    requireSameMigration(summary.header)
    const rootKeys = await openNeededRootKeys(config, summary.header, invocation)
    const store = await openForRestore(config, invocation)
    try {
      const isTime = createPacer()
      let isFirst = true
      const { records, opened, keys } = await restoreBackup({
        store,
        rootKeys,
        clock: await createDatabaseClock(store, systemClock),
        backup,
        header: summary.header,
        replace: invocation.options['force'] === true,
        async onProgress(count) {
          if (isFirst || isTime()) await invocation.progress(`${count} of ${summary.records} records`)
          isFirst = false
        },
      })
      await invocation.print(
        `${counted(records, 'record')} ${records === 1 ? 'was' : 'were'} restored. All keys verify, and the root key unwrapped ${opened} of them as a test.`,
      )
      return await reportAudit(store, keys, invocation)
    } finally {
      await store.close()
    }
  },
}

function requireSameMigration({ migration }: BackupHeader): void {
  const own = newestMigration()
  if (migration === own) return
  const advice =
    migration > own
      ? 'was made by a newer release of Keystead. Restore it with that release or a later one'
      : 'was made by an older release of Keystead. Restore it with the release that made it, then start this one, which brings the database up to date'
  throw new BackupError(`The backup ${advice} (its migration is ${migration}, this release has ${own}).`)
}

async function openNeededRootKeys(
  config: Config,
  { rootKeyIds }: BackupHeader,
  { progress }: Invocation,
): Promise<RootKeyProvider> {
  const warn = (text: string) => void progress(text)
  const rootKeys = await openConfiguredRootKeys(config, { isNew: false, warn })
  for (const rootKeyId of rootKeyIds) {
    await rootKeys.find(rootKeyId).catch((error: Error) => {
      throw new BackupError(`Nothing was restored: ${error.message}.`)
    })
  }
  return rootKeys
}

async function openForRestore(config: Config, { progress }: Invocation): Promise<Store> {
  const { DATA_FOLDER: dataFolder } = config
  // Past a pooler, which shows connections of others as ours, and ours as none.
  const databaseUrl = config.DATABASE_LISTEN_URL ?? config.DATABASE_URL
  // One connection, so that all others belong to other processes.
  const warn = (text: string) => void progress(text)
  const options = { databaseUrl, dataFolder, poolSize: 1, migrate: true, warn }
  return openStore(options).catch((error: unknown) => {
    if (!(error instanceof FolderInUseError)) throw error
    throw new CommandError(
      `Nothing was restored: a process is using the data folder ${dataFolder}. Stop it first.`,
    )
  })
}

async function reportAudit(
  store: Store,
  { auditMac, predatesChains }: InstallationKeys,
  { print }: Invocation,
): Promise<number> {
  const { findings, chains, records } = await verifyAudit({
    db: store.db,
    chainMac: createChainMac(auditMac),
    predatesChains,
  })
  for (const { text } of findings.slice(0, findingsMax)) await print(text)
  await print(
    findings.length === 0
      ? `The audit trail verifies: ${counted(chains, 'chain')} with ${counted(records, 'record')}.`
      : `The audit trail has ${findings.length} findings from before the backup. The restored data stays.`,
  )
  return findings.length === 0 ? exitCodes.fine : exitCodes.failed
}
