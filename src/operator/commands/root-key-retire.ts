import { exitCodes } from '../../command-line/command.ts'
import { retireUnusedRootKeys } from '../../keys/changing/operator.ts'
import { defineOperatorCommand } from '../command.ts'

/** `keystead root-key retire`. */
export const rootKeyRetire = defineOperatorCommand({
  path: ['root-key', 'retire'],
  summary: 'Removes root keys that wrap nothing any more from the file.',
  help: `
For root keys in a file, after a rotation. Each removal is audited, by system:operator. Running servers keep the root
key in memory until they are restarted. For other providers, the command prints what to do.

Backups from before the rotation need the old root key. Copy the file first, and keep the copy elsewhere for as long
as you keep such backups.`,
  options: {},
  async run({ parts, print }) {
    const retired = await retireUnusedRootKeys(parts)
    await print(retired.length === 0 ? 'There is no root key to retire.' : `Retired: ${retired.join(', ')}.`)
    return exitCodes.fine
  },
})
