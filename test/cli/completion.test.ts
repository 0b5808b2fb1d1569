import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { runKeystead } from '../../src/cli/keystead.ts'
import { completionScript, shells } from '../../src/command-line/completion.ts'
import { nameOf } from '../../src/command-line/help.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'keystead-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What bash offers for each line, of which the last word is being typed. */
function completed(lines: readonly string[]): readonly string[][] {
  const script = join(folder, 'completion.bash')
  writeFileSync(script, completionScript('bash', commands))
  writeFileSync(join(folder, 'report.pdf'), '')
  const calls = lines.map((line) => {
    const words = line.split(' ').map((word) => `'${word}'`)
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; files=; _keystead; echo "$files" "\${COMPREPLY[@]}"`
  })
  // In a function that completes, "compopt -o default" is how bash is told to complete a file.
  const program = ['set -eu', `source ${script}`, 'compopt() { files=FILES; }', ...calls].join('\n')
  const printed = execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8' })
  return printed
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').filter((word) => word !== ''))
}

describe('completion in bash', () => {
  it('offers commands, options, values and files, each where they may be', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['keystead enc', ['encrypt']],
      ['keystead --v', ['--version']],
      ['keystead keys ', ['list', 'show', 'create', 'rotate']],
      ['keystead keys s', ['show']],
      ['keystead keys list --st', ['--status']],
      ['keystead keys list --status ', ['PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED']],
      ['keystead keys list --search ', []],
      ['keystead keys rotate orders --y', ['--yes']],
      ['keystead keys show ', []],
      ['keystead encrypt ', ['FILES']],
      ['keystead encrypt --key ', []],
      ['keystead encrypt report.pdf --key orders --output ', ['FILES']],
      ['keystead decrypt --he', ['--help']],
      ['keystead completion ', ['bash', 'zsh', 'fish']],
      ['keystead audit verify --che', ['--checkpoint']],
      ['keystead backup ver', ['verify']],
      ['keystead backup --passphrase-f', ['--passphrase-file']],
      ['keystead nonsense --', []],
    ]
    const offered = completed(cases.map(([line]) => line))
    expect(cases.map(([line], index) => [line, offered[index]])).toEqual(cases)
  })

  it('knows every option of every command', () => {
    const lines = commands.map((command) => `keystead ${nameOf(command)} --`)
    for (const [index, options] of completed(lines).entries()) {
      const named = Object.entries(commands[index]?.options ?? {}).filter(([, { bare }]) => bare !== true)
      expect(options).toEqual([...named.map(([name]) => `--${name}`), '--help'])
    }
  })
})

describe('keystead completion', () => {
  it.each(shells)('prints a script for %s with every command', async (shell) => {
    const printed: string[] = []
    const code = await runKeystead(['completion', shell], {
      environment: {},
      print: async (line) => void printed.push(line),
      progress: async () => {},
      listenForStop: () => new AbortController().signal,
    })
    expect(code).toBe(0)
    expect(printed).toEqual([completionScript(shell, commands)])
    for (const command of commands) expect(printed[0]).toContain(nameOf(command))
  })
})

describe('commands for users', () => {
  it('load nothing of the server', () => {
    const starts = ['src/cli/run-process.ts', 'src/user/commands.ts', 'src/user/run-user-command.ts']
    const loaded = [...new Set(starts.flatMap((start) => filesLoadedBy(join(root, start))))]
    expect(loaded).toContain('src/user/commands/login.ts')
    const light =
      /^(src\/(cli|command-line|user)\/|src\/[\w-]+\.ts$|packages\/client\/|examples\/demo\/command-line\.ts$)/
    expect(loaded.filter((file) => !light.test(file))).toEqual(['src/operator/protocol.ts'])
    expect(loaded.filter((file) => /config\.ts|app\.ts|log\.ts/.test(file))).toEqual([])
  })
})

/** Files that a file imports before it runs, and those that they import. */
function filesLoadedBy(start: string): readonly string[] {
  const loaded = new Set<string>()
  const queue = [start]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (loaded.has(file)) continue
    loaded.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, specifier = ''] of text.matchAll(
      /^(?:import|export)\s(?!type\s)[\w\s{},*]*from '(\.[^']+)'/gm,
    )) {
      const imported = resolve(dirname(file), specifier)
      if (existsSync(imported)) queue.push(imported)
    }
  }
  return [...loaded].map((file) => relative(root, file))
}
