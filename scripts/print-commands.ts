// Writes docs/commands.md from the commands' help texts; with --check it fails if the file is not what the code says.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { helpOf, nameOf, overviewOf } from '../src/cli/help.ts'
import { commands } from '../src/cli/keystead.ts'

const path = join(import.meta.dirname, '../docs/commands.md')

const section = (heading: string, text: string) => `${heading}\n\n\`\`\`text\n${text}\n\`\`\`\n`
const printed = [
  '# Commands for operators\n',
  'Made from the help texts by `npm run commands:print`. In a checkout, and where the package is installed: `npx keystead COMMAND`.\n',
  section('## keystead', overviewOf(commands)),
  ...commands.map((command) => section(`## keystead ${nameOf(command)}`, helpOf(command))),
].join('\n')

if (!process.argv.includes('--check')) {
  writeFileSync(path, printed)
} else if (!existsSync(path) || readFileSync(path, 'utf8') !== printed) {
  console.error(
    'docs/commands.md is not what src/cli says: run npm run commands:print and look at the difference.',
  )
  process.exit(1)
} else {
  console.log('docs/commands.md is up to date.')
}
