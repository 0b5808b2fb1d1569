// Writes docs/commands.md from the commands' help texts; with --check it fails if the file is not what the code says.
import { helpOf, nameOf, overviewOf } from '../src/cli/help.ts'
import { commands } from '../src/cli/keystead.ts'
import { printOrCheck } from './printed-file.ts'

const section = (heading: string, text: string) => `${heading}\n\n\`\`\`text\n${text}\n\`\`\`\n`
const printed = [
  '# Commands for operators\n',
  'Made from the help texts by `npm run commands:print`. In a checkout, and where the package is installed: `npx keystead COMMAND`.\n',
  section('## keystead', overviewOf(commands)),
  ...commands.map((command) => section(`## keystead ${nameOf(command)}`, helpOf(command))),
].join('\n')

printOrCheck({
  path: 'docs/commands.md',
  text: printed,
  source: 'src/cli says',
  command: 'npm run commands:print',
})
