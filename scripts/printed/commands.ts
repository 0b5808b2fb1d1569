import { commandGroups } from '../../src/cli/commands.ts'
import { helpOf, nameOf, overviewOf } from '../../src/command-line/help.ts'
import type { PrintedFile } from './printed-file.ts'

/** The help texts of all commands as a document. */
export const commandsDocument: PrintedFile = {
  path: 'docs/commands.md',
  source: 'the help texts in src/user, src/operator and src/cli',
  print: printDocument,
}

function printDocument(): string {
  return [
    '# Commands\n',
    'This page has the help text of each command, printed by `npm run print`; do not edit it. Run a command with `npx keystead COMMAND`, in a checkout or where the package is installed. [command-line.md](command-line.md) introduces the commands for users.\n',
    section('## keystead', overviewOf(commandGroups)),
    ...commandGroups.flatMap(({ commands }) =>
      commands.map((command) => section(`## keystead ${nameOf(command)}`, helpOf(command))),
    ),
  ].join('\n')
}

function section(heading: string, text: string): string {
  return `${heading}\n\n\`\`\`text\n${text}\n\`\`\`\n`
}
