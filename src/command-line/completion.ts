import type { CommandText, Option } from './command.ts'
import { nameOf } from './help.ts'

/** Shells that there are scripts for. */
export const shells: readonly string[] = ['bash', 'zsh', 'fish']

/** A script that completes commands, options, their values and files. It is made of the texts of the commands alone. */
export function completionScript(shell: string, commands: readonly CommandText[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands)
    case 'zsh':
      return zshScript(commands)
    case 'fish':
      return fishScript(commands)
    default:
      throw new TypeError('the choices were checked')
  }
}

const help: Option = { type: 'boolean', meaning: 'Shows the help text.' }

/** Named options of a command, and --help. */
function namedOf({ options }: CommandText): readonly (readonly [string, Option])[] {
  return [...Object.entries(options).filter(([, { bare }]) => bare !== true), ['help', help]]
}

/** Positional arguments of a command. */
function bareOf({ options }: CommandText): readonly Option[] {
  return Object.values(options).filter(({ bare }) => bare === true)
}

/** First words of commands, with the words that may follow. */
function firstWordsOf(commands: readonly CommandText[]): ReadonlyMap<string, readonly CommandText[]> {
  return Map.groupBy(commands, ({ path: [first = ''] }) => first)
}

function isFile({ value }: Option): boolean {
  return value === 'FILE' || value === 'PATH'
}

function bashScript(commands: readonly CommandText[]): string {
  const firstWords = firstWordsOf(commands)
  const groups = [...firstWords].filter(([, members]) => members.some(({ path }) => path.length > 1))
  const wordsFor = (list: string) => `COMPREPLY=($(compgen -W '${list}' -- "$word"))`
  const values = commands.flatMap((command) =>
    namedOf(command)
      .filter(([, { type }]) => type === 'string')
      .map(([name, option]) => {
        const found = option.choices
          ? wordsFor(option.choices.join(' '))
          : isFile(option)
            ? 'compopt -o default 2>/dev/null'
            : ':'
        return `    '${nameOf(command)} --${name}') ${found}; return ;;`
      }),
  )
  const named = commands.map(
    (command) =>
      `      '${nameOf(command)}') ${wordsFor(
        namedOf(command)
          .map(([name]) => `--${name}`)
          .join(' '),
      )} ;;`,
  )
  const bare = commands.flatMap((command) => {
    const options = bareOf(command)
    const choices = options.flatMap((option) => option.choices ?? [])
    if (choices.length > 0) return [`    '${nameOf(command)}') ${wordsFor(choices.join(' '))} ;;`]
    return options.some(isFile) ? [`    '${nameOf(command)}') compopt -o default 2>/dev/null ;;`] : []
  })
  return `# Completion of keystead in bash, made by "keystead completion bash".
_keystead() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    ${wordsFor([...firstWords.keys(), '--help', '--version'].join(' '))}
    return
  fi
  case "$command \${COMP_WORDS[2]}" in
    ${commands
      .filter(({ path }) => path.length > 1)
      .map((command) => `'${nameOf(command)}'`)
      .join(' | ')}) ((COMP_CWORD > 2)) && command+=" \${COMP_WORDS[2]}" ;;
  esac
  if ((COMP_CWORD == 2)) && [[ $word != -* ]]; then
    case $command in
${groups
  .map(
    ([first, members]) =>
      `      '${first}') ${wordsFor(members.flatMap(({ path }) => path[1] ?? []).join(' '))}; return ;;`,
  )
  .join('\n')}
    esac
  fi
  case "$command $before" in
${values.join('\n')}
  esac
  if [[ $word == -* ]]; then
    case $command in
${named.join('\n')}
    esac
    return
  fi
  case $command in
${bare.join('\n')}
  esac
}
complete -F _keystead keystead`
}

function zshScript(commands: readonly CommandText[]): string {
  const firstWords = firstWordsOf(commands)
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const described = (members: readonly (readonly [string, string])[]) =>
    members.map(([word, summary]) => quoted(`${word}:${summary.replaceAll(':', '\\:')}`)).join(' ')
  const escaped = (text: string) => text.replaceAll(/[[\]:\\]/g, '\\$&')
  const actionOf = (option: Option) =>
    option.choices ? `(${option.choices.join(' ')})` : isFile(option) ? '_files' : ' '
  const argumentsOf = (command: CommandText) => [
    ...namedOf(command).map(([name, option]) => {
      const value = option.type === 'boolean' ? '' : `:${option.value ?? 'VALUE'}:${actionOf(option)}`
      return quoted(`${option.many === true ? '*' : ''}--${name}[${escaped(option.meaning)}]${value}`)
    }),
    ...bareOf(command).map((option, index) =>
      quoted(`${option.many === true ? '*' : index + 1}:${option.value}:${actionOf(option)}`),
    ),
  ]
  const cases = commands.map(
    (command) => `    '${nameOf(command)}')
      shift ${command.path.length} words; ((CURRENT -= ${command.path.length}))
      _arguments ${argumentsOf(command).join(' \\\n        ')} ;;`,
  )
  const groups = [...firstWords].filter(([, members]) => members.some(({ path }) => path.length > 1))
  return `#compdef keystead
# Completion of keystead in zsh, made by "keystead completion zsh".
_keystead() {
  local -a list
  local command="$words[2]"
  if ((CURRENT == 2)); then
    list=(${described(
      [...firstWords].map(([first, members]) => [
        first,
        members.length === 1 ? (members[0]?.summary ?? '') : `${members.length} commands`,
      ]),
    )})
    _describe command list
    return
  fi
  if ((CURRENT == 3)) && [[ $words[3] != -* ]]; then
    case $command in
${groups
  .map(
    ([first, members]) =>
      `      '${first}') list=(${described(members.flatMap(({ path, summary }) => (path[1] === undefined ? [] : [[path[1], summary] as const])))}); _describe command list; return ;;`,
  )
  .join('\n')}
    esac
  fi
  case "$command $words[3]" in
    ${commands
      .filter(({ path }) => path.length > 1)
      .map((command) => quoted(nameOf(command)))
      .join(' | ')}) command+=" $words[3]" ;;
  esac
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _keystead ]]; then _keystead "$@"; else compdef _keystead keystead; fi`
}

function fishScript(commands: readonly CommandText[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const firstWords = firstWordsOf(commands)
  const words = [
    ...[...firstWords].map(([first, members]) => ({
      condition: '__keystead_at',
      word: first,
      summary: members.length === 1 ? (members[0]?.summary ?? '') : `${members.length} commands`,
    })),
    ...commands.flatMap(({ path: [first = '', second], summary }) =>
      second === undefined ? [] : [{ condition: `__keystead_at ${first}`, word: second, summary }],
    ),
  ]
  const lines = [
    ...words.map(
      ({ condition, word, summary }) =>
        `complete -c keystead -n ${quoted(condition)} -a ${quoted(word)} -d ${quoted(summary)}`,
    ),
    ...commands.flatMap((command) => {
      const start = `complete -c keystead -n ${quoted(`__keystead_in ${nameOf(command)}`)}`
      return [
        ...namedOf(command).map(([name, option]) => {
          const value =
            option.type === 'boolean'
              ? ''
              : option.choices
                ? ` -x -a ${quoted(option.choices.join(' '))}`
                : isFile(option)
                  ? ' -r -F'
                  : ' -x'
          return `${start} -l ${name}${value} -d ${quoted(option.meaning)}`
        }),
        ...bareOf(command).flatMap((option) =>
          option.choices
            ? [`${start} -a ${quoted(option.choices.join(' '))}`]
            : isFile(option)
              ? [`${start} -F`]
              : [],
        ),
      ]
    }),
  ]
  return `# Completion of keystead in fish, made by "keystead completion fish".
function __keystead_at
    set -l given (commandline -opc)
    test "$given[2..]" = "$argv"
end
function __keystead_in
    set -l given (commandline -opc)
    set -l last (math 1 + (count $argv))
    test (count $given) -ge $last; and test "$given[2..$last]" = "$argv"
end
complete -c keystead -f
${lines.join('\n')}`
}
