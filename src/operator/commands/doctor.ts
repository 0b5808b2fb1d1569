import { exitCodes } from '../../command-line/command.ts'
import { defineOperatorCommand } from '../command.ts'
import { checkData } from '../data-checks.ts'

/**
 * `keystead doctor`. `src/cli/doctor` makes the other checks. This part runs where the data is open, and prints each check as
 * a line of JSON.
 */
export const doctor = defineOperatorCommand({
  path: ['doctor'],
  summary: 'Checks settings, files, database, clock, root key, issuers and audit trail.',
  help: `
Prints what was found by each check and what to do. It writes nothing and can run beside a running server: with the
embedded database, that server makes the checks of the data. Checks that need the result of a failed one are skipped.
The audit trail is verified for at most 5 seconds; keystead audit verify verifies all of it.

With --json it prints one object: {"version", "result", "checks": [{"name", "result", "finding", "advice"}]}. Results are
"ok", "warning", "error" and "skipped"; advice is null if nothing needs to be done.

Exit code 0 without errors, 1 with an error, also if the settings are invalid.

Example:
  keystead doctor --json`,
  options: { json: { type: 'boolean', meaning: 'Prints the checks as JSON.' } },
  async run({ parts, print, signal }) {
    for (const check of await checkData(parts, signal)) await print(JSON.stringify(check))
    return exitCodes.fine
  },
})
