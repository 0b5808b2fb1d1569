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
    '# Commands for operators\n',
    'Made from the help texts by `npm run print`. In a checkout, and where the package is installed: `npx keystead COMMAND`.\n',
    section('## keystead', overviewOf(commands)),
    ...commands.map((command) => section(`## keystead ${nameOf(command)}`, helpOf(command))),
  ].join('\n')
}

function section(heading: string, text: string): string {
  return `${heading}\n\n\`\`\`text\n${text}\n\`\`\`\n`
}
