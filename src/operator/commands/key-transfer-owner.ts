import { exitCodes, UsageError } from '../../command-line/command.ts'
import { keyIdOf } from '../../ids.ts'
import { transferOwnershipAsOperator } from '../../keys/changing/operator.ts'
import { entriesOf } from '../../keys/rules/access-list.ts'
import { readSubject } from '../../keys/rules/caller.ts'
import { KeyNotFoundError } from '../../keys/rules/errors.ts'
import { defineOperatorCommand } from '../command.ts'
import { keyOptions, keyWanted, noSuchKey } from './key-options.ts'

/** `keystead key transfer-owner`. */
export const transferOwner = defineOperatorCommand({
  path: ['key', 'transfer-owner'],
  summary: 'Gives a user key another owner.',
  help: `
For a key that nobody can manage any more because all subjects on its access list are gone. The new owner sees and
manages the key as far as its roles allow. The transfer is audited in the project, by system:operator.

The access list stays unless --clear-list is given. Running servers apply the change at once, or within
CACHE_LIFETIME_MS if they do not receive notifications.

Example:
  keystead key transfer-owner --project shop --name orders --to user:alice`,
  options: {
    ...keyOptions,
    to: {
      type: 'string',
      value: 'SUBJECT',
      required: true,
      meaning: 'The new owner: user:NAME, group:NAME, service-account:NAME or service-agent:NAME.',
    },
    'clear-list': {
      type: 'boolean',
      meaning: 'Clears the access list, so that only the new owner has access.',
    },
  },
  async run({ options, parts, print }) {
    const wanted = keyWanted(options)
    const newOwner = options.to
    const given = readSubject(newOwner)
    if ('fault' in given) throw new UsageError(`--to ${given.fault}.`)
    const { key, formerOwner, changed } = await transferOwnershipAsOperator(parts, {
      ...wanted,
      newOwner,
      clearList: options['clear-list'],
    }).catch((error: unknown) => {
      throw error instanceof KeyNotFoundError ? noSuchKey(wanted) : error
    })
    const { row } = key
    const about = `"${row.name}" (${keyIdOf(row)})`
    await print(
      changed
        ? `The key ${about} belongs to ${newOwner} now; before, to ${formerOwner}.`
        : `The key ${about} belongs to ${newOwner} already; nothing was changed.`,
    )
    if (row.accessControlEnabled) {
      const subjects = new Set(entriesOf(row).map(({ subject }) => subject))
      const list = subjects.size === 0 ? 'nobody' : [...subjects].join(', ')
      await print(`Besides the owner, its access list names: ${list}.`)
    }
    return exitCodes.fine
  },
})
