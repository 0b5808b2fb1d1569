import { existsSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { settings } from '../../src/config.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const instructions = readInstructions(read('Dockerfile'))
const ignored = read('.dockerignore').split('\n')
const reaching = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1))

/** What the last stage is made of. */
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'))

describe('Dockerfile', () => {
  it('copies what is there, and what .dockerignore lets through', () => {
    const copied = instructions
      .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from='))
      .flatMap(({ text }) => text.split(' ').slice(0, -1))
    expect(copied).toEqual(expect.arrayContaining(['package-lock.json', 'src', 'bin', 'prisma']))
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true)
      const passes = reaching.some(
        (pattern) => `${path}/`.startsWith(`${pattern}/`) || pattern.startsWith(`${path}/`),
      )
      expect(passes, path).toBe(true)
    }
  })

  it('lets no data and no settings of a checkout through', () => {
    expect(ignored).toContain('*')
    for (const path of [
      '.env',
      '.git/config',
      'data/root.key',
      'node_modules/pg/package.json',
      'test/ids.test.ts',
    ]) {
      const passes = reaching.some((pattern) => path.startsWith(`${pattern}/`) || matchesGlob(path, pattern))
      expect(passes, path).toBe(false)
    }
  })

  it('builds with scripts that need no other script', () => {
    const stages = instructions.filter(({ name }) => name === 'RUN').map(({ text }) => text)
    expect(stages.join('\n')).toContain(
      'node scripts/generate.ts && node scripts/build-console.ts && node scripts/build.ts',
    )
    const copied = instructions.filter(({ name }) => name === 'COPY').flatMap(({ text }) => text.split(' '))
    // Scripts are copied one by one, so that a change of another does not build everything again.
    for (const script of ['scripts/generate.ts', 'scripts/build-console.ts', 'scripts/build.ts']) {
      expect(copied).toContain(script)
      expect(read(script)).not.toMatch(/from '\./)
    }
  })

  it('uses the release of Node that the package brings, and another user than root', () => {
    const { dependencies } = JSON.parse(read('package.json'))
    const bases = instructions.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' ')[0])
    expect(new Set(bases).size).toBe(1)
    expect(bases[0]).toMatch(new RegExp(`^node:${RegExp.escape(dependencies.node)}-\\w+-slim$`))
    expect(textOf('USER')).toBe('node')
  })

  it('starts a command that there is, with settings that there are', () => {
    const [node, launcher] = JSON.parse(textOf('ENTRYPOINT'))
    expect(node).toBe('node')
    expect(existsSync(join(root, launcher.replace(`${textOf('WORKDIR')}/`, '')))).toBe(true)
    expect(commands.map(({ path }) => path)).toContainEqual(JSON.parse(textOf('CMD')))
    const environment = textOf('ENV')
      .split(' ')
      .map((each) => each.split('='))
    for (const [name = ''] of environment) expect(Object.keys(settings)).toContain(name)
    expect(new Map(environment as [string, string][]).get('DATA_FOLDER')).toBe(textOf('VOLUME'))
  })
})

function textOf(wanted: string): string {
  const found = lastStage.filter(({ name }) => name === wanted)
  expect(found.length, wanted).toBe(1)
  return found[0]?.text ?? ''
}

/** Instructions with what follows their name; continued lines are one. */
function readInstructions(text: string): { name: string; text: string }[] {
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? []
      return { name, text: rest }
    })
}
