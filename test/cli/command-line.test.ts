import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { helpOf, nameOf } from '../../src/command-line/help.ts'
import { runLauncher } from '../support/command-process.ts'
import { runHere } from '../support/run-here.ts'

const root = join(import.meta.dirname, '../..')
const stackTrace = /^\s+at /m

describe('the command line', () => {
  it('has a help text for every command, which names each of its options', async () => {
    expect(commands.length).toBeGreaterThan(2)
    for (const command of commands) {
      const { code, printed, said } = await run(...command.path, '--help')
      expect({ code, said }).toEqual({ code: 0, said: '' })
      expect(printed).toBe(`${helpOf(command)}\n`)
      expect(command.help.trim().length).toBeGreaterThan(50)
      for (const [name, { meaning, bare, value }] of Object.entries(command.options)) {
        expect(printed).toContain(bare === true ? `  ${value} ` : `--${name}`)
        expect(printed).toContain(meaning)
      }
    }
  })

  it('lists every command, and names its release', async () => {
    const { code, printed } = await run('--help')
    expect(code).toBe(0)
    for (const command of commands) expect(printed).toContain(`${nameOf(command)}  `)
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(await run('--version')).toEqual({ code: 0, printed: `${version}\n`, said: '' })
    expect((await run('key', '--help')).printed).toContain('key transfer-owner')
  })

  it.each([
    [['sevre'], 'Unknown command "sevre".', 'serve'],
    [['key', 'shwo'], 'Unknown command "key shwo".', 'key show'],
    [['key'], '"key" is the beginning of several commands.', 'key show'],
    [['--project', 'shop'], 'The command is missing before --project.', 'key show'],
    [[], 'The command is missing.', 'key show'],
  ])('answers %j with what is wrong and the commands that there are', async (args, problem, command) => {
    const { code, printed, said } = await run(...args)
    expect({ code, printed }).toEqual({ code: 2, printed: '' })
    expect(said).toContain(problem)
    expect(said).toContain(`  ${command}  `)
  })

  it.each([
    [['key', 'show', '--project', 'shop', '--bogus'], "Unknown option '--bogus'."],
    [['key', 'show', '--name', 'orders'], 'The option --project is missing.'],
    [['key', 'show', '--project', 'shop', 'orders'], "Unexpected argument 'orders'."],
    [['key', 'show', '--project'], "Option '--project <value>' argument missing."],
    [['serve', '--port', '1'], "Unknown option '--port'."],
    [['demo'], 'The argument FILE is missing.'],
    [['demo', 'letter', '--key-id', 'k'], '--key-id goes with --url'],
  ])('answers %j with exit code 2 before it looks at any data', async (args, problem) => {
    const { code, printed, said } = await run(...args)
    expect({ code, printed }).toEqual({ code: 2, printed: '' })
    expect(said).toContain(problem)
    expect(said).toMatch(/See: keystead \S+.* --help/)
    expect(said).not.toMatch(stackTrace)
  })

  it('says what is wrong with the settings', async () => {
    const { code, said } = await runHere({ PORT: 'x' }, 'key', 'show', '--project', 'shop', '--name', 'a')
    expect(code).toBe(1)
    expect(said).toContain('PORT must be a whole number')
    expect(said).not.toMatch(stackTrace)
  })
})

describe('bin/keystead.js', () => {
  it('passes on arguments, output and exit code', async () => {
    expect((await runLauncher({}, '--help')).printed).toContain('Usage: keystead COMMAND')
    expect(await runLauncher({}, 'key', 'show', '--bogus')).toMatchObject({ code: 2, printed: '' })
  })

  it('shows the help without arguments, and starts no server', async () => {
    expect(await runLauncher({})).toMatchObject({
      code: 0,
      printed: expect.stringContaining('For operators:'),
    })
  })

  it('runs from another folder, on the Node that comes with Keystead', () => {
    const folder = newFolder()
    const launcher = join(root, 'bin/keystead.js')
    const { status, stdout } = spawnSync(launcher, ['--version'], { cwd: folder, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it('makes no database where there is none', async () => {
    const folder = newFolder()
    const settings = { DATA_FOLDER: join(folder, 'data') }
    const { code, said } = await runLauncher(settings, 'key', 'show', '--project', 'shop', '--name', 'a')
    expect(code).toBe(1)
    expect(said).toContain(`There is no database in the folder ${join(folder, 'data')}.`)
    expect(readdirSync(folder)).toEqual([])
  })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function run(...args: string[]) {
  return runHere({}, ...args)
}
