import { settings } from '../../src/config.ts'
import type { PrintedFile } from './printed-file.ts'

/** The table of settings as a file of environment variables. */
export const envExample: PrintedFile = {
  path: '.env.example',
  source: 'src/config.ts',
  print: printExample,
}

function printExample(): string {
  const entries = Object.entries(
    settings as Record<string, { meaning: string; unit?: string; default: string; secret?: boolean }>,
  )
    .map(([name, { meaning, unit, default: standard, secret }]) => {
      const notes = [unit && `Unit: ${unit}.`, secret && 'Secret.'].filter(Boolean).join(' ')
      return [`# ${meaning}${notes ? ` ${notes}` : ''}`, `#${name}=${standard}`].join('\n')
    })
    .join('\n\n')
  return `# Every setting of Keystead with its default. Set them in the environment, or copy this file to .env, remove the "#"
# before each setting that you change, and start with: node --env-file=.env bin/keystead.js serve

${entries}
`
}
