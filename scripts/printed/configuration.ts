import { settings } from '../../src/config.ts'
import type { PrintedFile } from './printed-file.ts'

interface Setting {
  readonly meaning: string
  readonly unit?: string
  readonly default: string
  readonly example?: string
  readonly secret?: boolean
  readonly parse: (text: string) => unknown
}

/** The parts of the document, each by the setting that begins it. */
const parts: Readonly<Record<string, string>> = {
  HOST: 'Server, logs, metrics and traces',
  DATABASE_URL: 'Database',
  ROOT_KEY_PROVIDER: 'Root key',
  AUTH_ISSUER: 'Tokens',
  ALLOWED_ALGORITHMS: 'Keys',
  ITEM_BYTES_MAX: 'Limits and times',
  CONSOLE: 'Pages, documents and schema',
}

/** The table of settings as a document. */
export const configurationDocument: PrintedFile = {
  path: 'docs/configuration.md',
  source: 'src/config.ts',
  print: () => printDocument(Object.entries(settings as Record<string, Setting>)),
}

function printDocument(all: readonly (readonly [string, Setting])[]): string {
  const missing = Object.keys(parts).filter((name) => !all.some(([each]) => each === name))
  if (missing.length > 0) throw new Error(`There is no setting to begin a part with: ${missing.join(', ')}`)
  const sections = all.map(([name, setting]) => {
    const heading = parts[name]
    return (heading === undefined ? '' : `## ${heading}\n\n`) + printSetting(name, setting)
  })
  return `# Configuration

This page lists every setting. It is made from \`src/config.ts\` by \`npm run print\`; do not edit it.

All settings are environment variables. An empty variable counts as not set. The server and the operator commands read the
same settings once, when they start. If a setting is invalid, they report it and do not start.
[\`.env.example\`](../.env.example) is the same list as a file, for \`node --env-file\`, systemd's \`EnvironmentFile=\` and
containers. Secret settings never appear in logs, error messages or the audit trail.

${sections.join('\n')}`
}

function printSetting(name: string, setting: Setting): string {
  const { meaning, unit, default: standard, secret, parse } = setting
  const example = setting.example ?? standard
  // Also a check: an example that the server would refuse is none.
  parse(example)
  if (example === '') throw new Error(`${name} has neither a default nor an example.`)
  const facts = [
    `Value: ${describeValue(setting)}.${unit === undefined ? '' : ` Unit: ${unit}.`}`,
    `Default: ${standard === '' ? 'not set' : `\`${standard}\``}.`,
    secret === true ? 'Secret.' : '',
  ]
  return `### ${name}

${meaning}

${facts.filter(Boolean).join(' ')} Example: \`${name}=${example}\`
`
}

/** What a setting takes, in the words with which it refuses everything else. */
function describeValue({ parse, default: standard }: Setting): string {
  for (const wrong of ['?', '']) {
    const text = refusalOf(parse, wrong)
    if (text === null) continue
    return text
      .replace(/^must be (one of )?/, '$1')
      .replace(/^must list some of (.*)$/, 'some of $1, with commas between them')
      .replace(/^must start with /, 'an address that starts with ')
      .replace(/^must name /, 'the name of ')
  }
  return Array.isArray(parse(standard)) ? 'texts, with commas between them' : 'text'
}

function refusalOf(parse: Setting['parse'], value: string): string | null {
  try {
    parse(value)
    return null
  } catch (error) {
    return (error as Error).message
  }
}
