import type { CommandText, Option } from './command.ts'

const optionColumn = 24

/** Name of a command as it is typed. */
export function nameOf({ path }: Pick<CommandText, 'path'>): string {
  return path.join(' ')
}

/** Help text of a command. */
export function helpOf(command: CommandText): string {
  const options = Object.entries(command.options)
  const usage = ['keystead', nameOf(command), ...options.map(usageOf)].join(' ')
  const rows = [...options.map(rowOf), row('--help', 'Shows this text.')]
  return [`${command.summary}\n`, `Usage: ${usage}\n`, `${command.help.trim()}\n`, 'Options:', ...rows].join(
    '\n',
  )
}

/** Commands of one kind of people. */
export interface CommandGroup {
  /** Heading of its list. */
  readonly title: string
  readonly commands: readonly CommandText[]
}

/** Help text of the program. */
export function overviewOf(groups: readonly CommandGroup[]): string {
  return [
    'Keystead, a key management service.\n',
    'Usage: keystead COMMAND [OPTIONS]\n',
    ...groups.map(({ title, commands }) => `${listOf(commands, title)}\n`),
    'keystead COMMAND --help describes a command; keystead --version prints the release.',
    'Commands for users take the login of "keystead login", or KEYSTEAD_URL and KEYSTEAD_TOKEN.',
    'Commands for operators read the same settings as the server, from the environment.',
  ].join('\n')
}

/** Commands with their summaries, one on each line. */
export function listOf(commands: readonly CommandText[], title = 'Commands'): string {
  return [`${title}:`, ...commands.map((command) => row(nameOf(command), command.summary))].join('\n')
}

function usageOf([name, option]: [string, Option]): string {
  const text = textOf(name, option)
  const repeated = option.many === true ? ' …' : ''
  return option.required === true ? `${text}${repeated}` : `[${text}]${repeated}`
}

function rowOf([name, option]: [string, Option]): string {
  return row(textOf(name, option), option.meaning)
}

function textOf(name: string, { type, value = 'VALUE', bare }: Option): string {
  if (bare === true) return value
  return type === 'boolean' ? `--${name}` : `--${name} ${value}`
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(optionColumn)}  ${right}`
}
