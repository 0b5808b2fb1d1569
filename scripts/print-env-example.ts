// Writes .env.example from the table of settings; with --check it fails if the file is not what the code says.
import { settings } from '../src/config.ts'
import { printOrCheck } from './printed-file.ts'

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

printOrCheck({
  path: '.env.example',
  text: printed,
  source: 'src/config.ts says',
  command: 'npm run env:print',
})
