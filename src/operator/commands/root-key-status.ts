import { exitCodes } from '../../command-line/command.ts'
import { countByRootKey } from '../../store/rows/wrapped-rows.ts'
import { defineOperatorCommand } from '../command.ts'

/** `keystead root-key status`. */
export const rootKeyStatus = defineOperatorCommand({
  path: ['root-key', 'status'],
  summary: 'Lists root keys, and how much each of them wraps.',
  help: `
Prints one line for each root key that is configured or that wraps stored material. The one in use wraps new material,
the others only unwrap. The newest one, if it is not in use, waits for keystead root-key rotate. The numbers count key
versions and private keys of imports.

Exit code 1 if a root key that wraps stored material is missing.`,
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
