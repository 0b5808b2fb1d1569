import { retireUnusedRootKeys } from '../../keys/changing/operator.ts'
import { defineOperatorCommand, exitCodes } from '../command.ts'

/** `keystead root-key retire`. */
export const rootKeyRetire = defineOperatorCommand({
  path: ['root-key', 'retire'],
  summary: 'Takes root keys out of the file under which nothing is any more.',
  help: `
For root keys in a file, after a rotation. Each one that goes is on record, by system:operator. Running servers keep it in
memory until they are restarted. For other root keys it says what to do.

Backups from before the rotation open with the old root key only: copy the file before, and keep the copy apart for as
long as you keep such backups.`,
  options: {},
  async run({ parts, print }) {
    const retired = await retireUnusedRootKeys(parts)
    await print(retired.length === 0 ? 'There is no root key to retire.' : `Retired: ${retired.join(', ')}.`)
    return exitCodes.fine
  },
})
