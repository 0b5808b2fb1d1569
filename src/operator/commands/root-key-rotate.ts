import { exitCodes } from '../../command-line/command.ts'
import { addPendingRootKey } from '../../keyring/root-rotation.ts'
import { rotateRootKey } from '../../keys/changing/operator.ts'
import { createPacer, defineOperatorCommand } from '../command.ts'

/** `keystead root-key rotate`. */
export const rootKeyRotate = defineOperatorCommand({
  path: ['root-key', 'rotate'],
  summary: 'Starts to use a new root key and rewraps everything with it.',
  help: `
Servers keep running. With root keys in a file, the command adds a new one to the file. With other providers, first
set the new root key, keep the current one as a previous one, and restart all servers (docs/root-keys.md). Once the
new root key is in use, no server wraps material with another one.

The command can be stopped at any time, and continues when it is started again. Start and end are audited, by
system:operator. Root keys that wrap nothing any more stay until keystead root-key retire.

For servers on several machines, each with a copy of the file: run it with --add-only, copy the file to all of them,
and run it again. Servers read the changed file by themselves.

Exit code 1 if some material cannot be unwrapped.

Example:
  keystead root-key rotate`,
  options: {
    'add-only': {
      type: 'boolean',
      meaning: 'Only adds a root key to the file. The next run starts to use it.',
    },
  },
  async run({ options, parts, print, progress, signal }) {
    if (options['add-only']) {
      const rootKeyId = await addPendingRootKey(parts)
      await print(`The root key ${rootKeyId} is there, and not in use yet.`)
      await print('Copy the file to all servers, then run keystead root-key rotate.')
      return exitCodes.fine
    }
    const isTime = createPacer()
    const report = await rotateRootKey(parts, async ({ rewrapped, unopened }) => {
      signal.throwIfAborted()
      if (isTime()) await progress(`${rewrapped} rewrapped${unopened > 0 ? `, ${unopened} do not open` : ''}`)
    })
    const { rootKeyId, rewrapped, unopened } = report
    await print(`${rewrapped} rewrapped under the root key ${rootKeyId}.`)
    if (unopened > 0) {
      await print(
        `${unopened} do not open, and stay as they are: their rows were changed outside of the server.`,
      )
      return exitCodes.failed
    }
    await print('Nothing is left under another root key.')
    const older = parts.rootKeys.rootKeyIds.filter((id) => id !== rootKeyId)
    if (older.length > 0) {
      await print(`To retire ${older.join(', ')}: ${parts.rootKeys.advice.remove}`)
      await print('Keep a copy of it, apart, for as long as you keep backups from before this rotation.')
    }
    return exitCodes.fine
  },
})
