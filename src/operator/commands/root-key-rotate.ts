import { addPendingRootKey } from '../../keyring/root-rotation.ts'
import { rotateRootKey } from '../../keys/changing/operator.ts'
import { defineOperatorCommand, exitCodes } from '../command.ts'
import { createPacer } from '../progress-pace.ts'

/** `keystead root-key rotate`. */
export const rootKeyRotate = defineOperatorCommand({
  path: ['root-key', 'rotate'],
  summary: 'Puts a new root key to use and rewraps everything under it.',
  help: `
Servers go on working meanwhile. With root keys in a file it adds a new one to the file; with others set the new root
key first, keep the present one as a previous one, and restart all servers so (docs/root-keys.md). From the moment at
which the new root key is in use no server stores anything under another one.

It can be stopped at any moment and started again: it then goes on where it was. Start and end are on record, by
system:operator. Root keys that open nothing any more stay until keystead root-key retire.

Servers on several machines, each with a copy of the file: run it with --add-only, copy the file to all of them, and run
it again. They notice by themselves.

Ends with 1 if something is left that does not open.

Example:
  keystead root-key rotate`,
  options: {
    'add-only': {
      type: 'boolean',
      meaning: 'Only adds a root key to the file; the next run puts it to use.',
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
