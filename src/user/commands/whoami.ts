import { exitCodes } from '../../command-line/command.ts'
import { connect, connectionOptions, jsonOption } from '../connect.ts'
import { factLines, jsonText } from '../shown-text.ts'
import { defineUserCommand } from '../user-command.ts'

/** `keystead whoami`. */
export const whoami = defineUserCommand({
  path: ['whoami'],
  summary: 'Shows who the server takes you for: subject, project, roles.',
  help: `
Asks the server, so that it also shows whether the login or the token is accepted.

Example:
  keystead whoami --json`,
  options: { ...jsonOption, ...connectionOptions },
  async carryOut(context) {
    const { url, client } = await connect(context)
    const viewer = await client.viewer(undefined, { signal: context.signal })
    const { subject, displayName, projectId, roles, groups, permissions, tokenExpiresAt } = viewer
    if (context.options.json) {
      await context.print(
        jsonText({
          server: url,
          subject: subject.id,
          displayName,
          project: projectId,
          roles,
          groups,
          permissions,
          tokenExpiresAt,
        }),
      )
      return exitCodes.fine
    }
    const facts = factLines([
      ['Server', url],
      ['Subject', subject.id],
      ['Name', displayName],
      ['Project', projectId],
      ['Roles', roles.join(', ') || null],
      ['Groups', groups.join(', ') || null],
      ['Permissions', permissions.join(', ') || null],
      ['Token until', tokenExpiresAt],
    ])
    for (const line of facts) await context.print(line)
    return exitCodes.fine
  },
})
