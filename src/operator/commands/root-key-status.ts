import { countByRootKey } from '../../store/rows/wrapped-rows.ts'
import { defineOperatorCommand, exitCodes } from '../command.ts'

/** `keystead root-key status`. */
export const rootKeyStatus = defineOperatorCommand({
  path: ['root-key', 'status'],
  summary: 'Says which root keys there are, and how much is under each.',
  help: `
One line for each root key that is configured or that something is stored under. The one in use wraps; the others only
open what is still under them, and the newest one, where it is not in use, waits for keystead root-key rotate. The
numbers are of the material of key versions and of private keys of imports.

Ends with 1 if something is stored under a root key that is not there.`,
  options: {},
  async run({ parts: { store, rootKeys }, print }) {
    await rootKeys.reload()
    const uses = await countByRootKey(store.db)
    rootKeys.adoptNames(uses.map(({ rootKeyId }) => rootKeyId))
    const held = rootKeys.rootKeyIds
    const ids = new Set([...held, ...uses.map(({ rootKeyId }) => rootKeyId)])
    let code: number = exitCodes.fine
    for (const id of ids) {
      const {
        installation = false,
        versions = 0,
        imports = 0,
      } = uses.find(({ rootKeyId }) => rootKeyId === id) ?? {}
      const isHeld = held.includes(id)
      if (!isHeld) code = exitCodes.failed
      const isUnused = versions + imports === 0
      const state = installation
        ? 'in use'
        : !isHeld
          ? 'MISSING'
          : id === held[0]
            ? 'waits for rotation'
            : isUnused
              ? 'can be retired'
              : 'being rotated away from'
      await print(`${id}  ${state}  ${versions} versions, ${imports} imports`)
    }
    return code
  },
})
