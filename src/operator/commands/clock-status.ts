import { exitCodes } from '../../command-line/command.ts'
import { describeHold } from '../../keys/housekeeping/clock-alert.ts'
import { defineOperatorCommand } from '../command.ts'

/** `keystead clock status`. */
export const clockStatus = defineOperatorCommand({
  path: ['clock', 'status'],
  summary: "Shows whether the database's clock is believed.",
  help: `
Compares the database's clock with the time that has certainly passed. While it is too far ahead, automatic
destruction, rotation, expiry and pruning are paused: docs/destruction.md says why and for how long.

Exit code 1 if the clock is not believed.

Example:
  keystead clock status`,
  options: {},
  async run({ parts, print }) {
    await parts.clock.synchronise()
    const hold = parts.clock.hold()
    await print(
      hold === null
        ? `The database's clock is believed. It says ${parts.clock.now().toISOString()}.`
        : describeHold(hold),
    )
    return hold === null ? exitCodes.fine : exitCodes.failed
  },
})
