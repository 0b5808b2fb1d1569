import { checkpointJwk, createCheckpoint } from '../../audit/verify/checkpoint.ts'
import { defineOperatorCommand, exitCodes } from '../command.ts'

/** `keystead audit checkpoint`. */
export const auditCheckpoint = defineOperatorCommand({
  path: ['audit', 'checkpoint'],
  summary: 'Prints a signed checkpoint of the audit trail, to be kept elsewhere.',
  help: `
A checkpoint says where every chain of the audit trail ends now. Kept where nobody who can write to the database can
reach it, it lets keystead audit verify --checkpoint find a trail whose end was cut off, even where the whole database
was set back. It holds no record, only numbers and hashes.

It is a compact JWS (RFC 7515), signed with Ed25519. With --public-key the key for checking it is printed instead, as a
JWK, so that others need not trust this machine.

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
