import { exitCodes } from '../../command-line/command.ts'
import { confirmClock } from '../../keys/changing/operator.ts'
import { defineOperatorCommand } from '../command.ts'

/** `keystead clock confirm`. */
export const clockConfirm = defineOperatorCommand({
  path: ['clock', 'confirm'],
  summary: "Confirms that the database's clock is right.",
  help: `
For a clock that is further ahead than time has certainly passed: after a long stop, or after a wrong clock was
corrected. Compare it with another clock first. Versions whose waiting period is over by this clock are destroyed in
the next round of housekeeping, which cannot be undone. All servers follow it within HOUSEKEEPING_INTERVAL_SECONDS.

The confirmation is audited, by system:operator.

Example:
  keystead clock confirm`,
  options: {},
  async run({ parts, print }) {
    const hold = await confirmClock(parts)
    const now = parts.clock.now().toISOString()
    await print(
      hold === null
        ? `The database's clock is believed already; nothing was changed. It says ${now}.`
        : `The database's clock is believed from now on. It says ${now}.`,
    )
    return exitCodes.fine
  },
})
