// Writes .env.example from the table of settings; with --check it fails if the file is not what the code says.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '../src/config.ts'

const path = join(import.meta.dirname, '../.env.example')

const entries = Object.entries(
  settings as Record<string, { meaning: string; unit?: string; default: string; secret?: boolean }>,
)
  .map(([name, { meaning, unit, default: standard, secret }]) => {
    const notes = [unit && `Unit: ${unit}.`, secret && 'Secret.'].filter(Boolean).join(' ')
    return [`# ${meaning}${notes ? ` ${notes}` : ''}`, `#${name}=${standard}`].join('\n')
  })
  .join('\n\n')
const printed = `# Every setting of Keystead with its default. Set them in the environment, or copy this file to .env, take the "#"
# away where you want another value, and start with: node --env-file=.env src/main.ts

${entries}
`

if (!process.argv.includes('--check')) {
  writeFileSync(path, printed)
} else if (!existsSync(path) || readFileSync(path, 'utf8') !== printed) {
  console.error(
    '.env.example is not what src/config.ts says: run npm run env:print and look at the difference.',
  )
  process.exit(1)
} else {
  console.log('.env.example is up to date.')
}
