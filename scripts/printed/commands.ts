import { commands } from '../../src/cli/keystead.ts'
import { helpOf, nameOf, overviewOf } from '../../src/operator/help.ts'
import type { PrintedFile } from './printed-file.ts'

/** The help texts of the operator commands as a document. */
export const commandsDocument: PrintedFile = {
  path: 'docs/commands.md',
  source: 'the help texts in src/cli',
  print: printDocument,
}

function printDocument(): string {
  return [
    '# Operator commands\n',
    'This page has the help text of each command, printed by `npm run print`; do not edit it. Run a command with `npx keystead COMMAND`, in a checkout or where the package is installed.\n',
    section('## keystead', overviewOf(commands)),
    ...commands.map((command) => section(`## keystead ${nameOf(command)}`, helpOf(command))),
  ].join('\n')
}

function section(heading: string, text: string): string {
  return `${heading}\n\n\`\`\`text\n${text}\n\`\`\`\n`
}
