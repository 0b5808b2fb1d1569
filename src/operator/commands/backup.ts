import { existsSync } from 'node:fs'
import { createBackupWriter, dumpStore } from '../../backup/write-backup.ts'
import { CommandError, exitCodes } from '../../command-line/command.ts'
import { counted } from '../../counted.ts'
import { passphraseOptions, readRecipient } from '../backup-secrets.ts'
import { createPacer, defineOperatorCommand, type ReceivingCommand } from '../command.ts'

/**
 * `keystead backup`. The server only dumps records; the operator's process encrypts and writes them, so that the server needs
 * neither the passphrase nor access to the file.
 */
export const backup: ReceivingCommand = {
  ...defineOperatorCommand({
    path: ['backup'],
    summary: 'Writes everything that is stored to an encrypted file.',
    help: `
The backup is a consistent snapshot of all keys and the whole audit trail. Servers keep running. On the embedded
database, requests wait until the backup is complete. Keys stay wrapped by the root key. A restore needs both, so keep
the root key elsewhere (docs/backup.md).

The file is encrypted for an X25519 public key, or with a passphrase. Without an option for it, the command asks for
the passphrase. An existing file is never replaced.

Examples:
  keystead backup /backups/monday.keystead
  keystead backup --recipient backup-public.pem /backups/monday.keystead`,
    options: {
      file: {
        type: 'string',
        value: 'FILE',
        bare: true,
        required: true,
        meaning: 'File to write the backup to.',
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
          if (isTime()) await progress(counted(count, 'record'))
        },
      })
      // A reader that is gone has not stored the last lines.
      signal.throwIfAborted()
      await progress(`${counted(records, 'record')}.`)
      return exitCodes.fine
    },
  }),
  async receive(invocation, start) {
    const path = String(invocation.options['file'])
    if (existsSync(path)) {
      throw new CommandError(`The file ${path} already exists and was not changed.`)
    }
    const writer = await createBackupWriter(path, await readRecipient(invocation))
    try {
      const exit = await start((line) => writer.writeLine(line))
      if (exit !== exitCodes.fine) return exit
      const records = await writer.commit()
      await invocation.print(
        `The backup ${path} holds ${counted(records, 'record')}. It does not contain the root key: keep that elsewhere.`,
      )
      return exitCodes.fine
    } finally {
      await writer.discard()
    }
  },
}
