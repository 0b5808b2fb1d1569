import { parseArgs } from 'node:util'
import { type CommandText, type GivenValues, type Option, type OptionTable, UsageError } from './command.ts'

/**
 * Reads the values of a command's options.
 *
 * @throws UsageError if an argument is unknown, has no value, or is missing
 */
export function readOptions(command: CommandText, args: readonly string[]): GivenValues {
  const given = parse(command.options, args)
  return Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => {
      const value = given[name]
      if (option.required === true && isMissing(value)) {
        throw new UsageError(
          option.bare === true
            ? `The argument ${option.value} is missing.`
            : `The option --${name} is missing.`,
        )
      }
      checkChoice(name, option, value)
      if (option.type === 'boolean') return [name, value === true]
      return [name, option.many === true ? (value ?? []) : value]
    }),
  )
}

function isMissing(value: Given): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

function checkChoice(name: string, { bare, value: placeholder, choices }: Option, given: Given): void {
  const values = typeof given === 'string' ? [given] : Array.isArray(given) ? given : []
  const unknown = values.find((value) => choices !== undefined && !choices.includes(value))
  if (unknown === undefined) return
  const option = bare === true ? placeholder : `--${name}`
  throw new UsageError(`${option} must be one of ${choices?.join(', ')}, got ${JSON.stringify(unknown)}.`)
}

type Given = GivenValues[string]

function parse(options: OptionTable, args: readonly string[]): GivenValues {
  const bare = Object.keys(options).filter((name) => options[name]?.bare === true)
  const named = Object.entries(options).filter(([name]) => !bare.includes(name))
  const types = Object.fromEntries(
    named.map(([name, { type, many }]) => [name, { type, multiple: many === true }]),
  )
  try {
    const parsed = parseArgs({
      args: [...args],
      options: types,
      strict: true,
      allowPositionals: bare.length > 0,
    })
    const { positionals } = parsed
    const takesRest = options[bare.at(-1) ?? '']?.many === true
    const unexpected = takesRest ? undefined : positionals[bare.length]
    if (unexpected !== undefined) throw new UsageError(`Unexpected argument '${unexpected}'.`)
    return {
      ...(parsed.values as GivenValues),
      ...Object.fromEntries(
        bare.map((name, index) => [
          name,
          takesRest && index === bare.length - 1 ? positionals.slice(index) : positionals[index],
        ]),
      ),
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error
    // Node's further sentences are about positional arguments, which few commands have.
    throw new UsageError(`${message.split('. ')[0]}.`)
  }
}
