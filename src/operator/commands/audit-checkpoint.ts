import { checkpointJwk, createCheckpoint } from '../../audit/verify/checkpoint.ts'
import { exitCodes } from '../../command-line/command.ts'
import { defineOperatorCommand } from '../command.ts'

/** `keystead audit checkpoint`. */
export const auditCheckpoint = defineOperatorCommand({
  path: ['audit', 'checkpoint'],
  summary: 'Prints a signed checkpoint of the audit trail, to keep elsewhere.',
  help: `
A checkpoint records the end of each chain of the audit trail. Keep it where nobody with write access to the database
can change it. With it, keystead audit verify --checkpoint detects a trail whose end was cut off, even if the whole
database was set back. It contains numbers and hashes, no records.

It is a compact JWS (RFC 7515), signed with Ed25519. With --public-key the command prints the public key as a JWK
instead, so that others can check the signature themselves.

Example:
  keystead audit checkpoint > /mnt/vault/$(date +%F).jws`,
  options: {
    'public-key': { type: 'boolean', meaning: 'Prints the public key of checkpoints as a JWK instead.' },
  },
  async run({ options, parts, print }) {
    const { store, clock, auditKeys } = parts
    await print(
      options['public-key']
        ? JSON.stringify(await checkpointJwk(auditKeys.checkpointKey))
        : await createCheckpoint(store.db, clock, auditKeys),
    )
    return exitCodes.fine
  },
})
