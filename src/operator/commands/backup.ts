import { existsSync } from 'node:fs'
import { dumpStore } from '../../backup/dump.ts'
import { createBackupWriter } from '../../backup/write-backup.ts'
import { passphraseOptions, readRecipient } from '../backup-secrets.ts'
import { CommandError, defineOperatorCommand, exitCodes, type ReceivingCommand } from '../command.ts'
import { createPacer } from '../progress-pace.ts'

/**
 * `keystead backup`. Where the data is, it only gives records; the process that was called encrypts and writes them, so
 * that the file and the passphrase are the operator's and not the server's.
 */
export const backup: ReceivingCommand = {
  ...defineOperatorCommand({
    path: ['backup'],
    summary: 'Writes everything that is stored into an encrypted file.',
    help: `
All keys and the whole audit trail as they are at one moment; servers go on working. On the embedded database requests
wait until the backup is complete. Keys in it stay wrapped by the root key: to restore, both are needed, so keep the root
key elsewhere (docs/backup.md).

The file is encrypted for a recipient's X25519 public key, or with a passphrase, which is asked for unless an option says
where it is. A file that is there already is never replaced.

Examples:
  keystead backup /backups/monday.keystead
  keystead backup --recipient backup-public.pem /backups/monday.keystead`,
    options: {
      file: {
        type: 'string',
        value: 'FILE',
        bare: true,
        required: true,
        meaning: 'Where the backup is written to.',
      },
      recipient: {
        type: 'string',
        value: 'FILE',
        meaning: 'X25519 public key (PEM) for which the backup is encrypted, instead of a passphrase.',
      },
      ...passphraseOptions,
    },
    async run({ parts, print, progress, signal }) {
      const isTime = createPacer()
      const records = await dumpStore(parts.store, {
        async takeLine(line) {
          signal.throwIfAborted()
          await print(line)
        },
        async onProgress(count) {
          if (isTime()) await progress(`${count} records`)
        },
      })
      // Whoever is gone took the last lines for nothing.
      signal.throwIfAborted()
      await progress(`${records} records.`)
      return exitCodes.fine
    },
  }),
  async receive(caller, start) {
    const path = String(caller.options['file'])
    if (existsSync(path)) {
      throw new CommandError(`The file ${path} is there already, and was not touched.`)
    }
    const writer = await createBackupWriter(path, await readRecipient(caller))
    try {
      const exit = await start((line) => writer.writeLine(line))
      if (exit !== exitCodes.fine) return exit
      const records = await writer.commit()
      await caller.print(
        `The backup ${path} holds ${records} records. The root key is not in it: keep that elsewhere.`,
      )
      return exitCodes.fine
    } finally {
      await writer.discard()
    }
  },
}
