import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cannotRun } from '../support/skip.ts'

const root = join(import.meta.dirname, '../..')
const hasNoGit =
  spawnSync('git', ['--version']).error !== undefined &&
  cannotRun('The report of changes', 'There is no git.')

/** A checkout with the schema of today, the command, and one commit. */
function newCheckout() {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-changes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'scripts'))
  for (const file of [
    'scripts/schema-changes.ts',
    'scripts/schema-report.ts',
    'schema.graphql',
    'package.json',
  ]) {
    cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const git = (...parameters: string[]) => {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
    execFileSync('git', [...who, ...parameters], { cwd: folder, stdio: 'ignore' })
  }
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text)
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n')
  git('init')
  git('add', 'schema.graphql')
  git('commit', '-m', 'Schema')
  return {
    git,
    write,
    schema: readFileSync(join(folder, 'schema.graphql'), 'utf8'),
    run(...parameters: string[]) {
      const script = join(folder, 'scripts/schema-changes.ts')
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...parameters], {
        encoding: 'utf8',
      })
      return { status, text: `${stdout}${stderr}` }
    },
  }
}

describe.skipIf(hasNoGit)('npm run schema:changes', () => {
  it('has nothing to say where there is no commit before, and refuses one that is not there', () => {
    const { run } = newCheckout()
    expect(run()).toEqual({ status: 0, text: expect.stringContaining('no schema.graphql at HEAD~1') })
    expect(run('nowhere')).toEqual({
      status: 1,
      text: expect.stringContaining('no schema.graphql at nowhere'),
    })
  })

  it('compares with the last release, and fails until the changelog announces what breaks', () => {
    const { git, run, write, schema } = newCheckout()
    git('tag', 'v1.0.0')
    expect(run()).toEqual({ status: 0, text: expect.stringContaining('since v1.0.0: 0 breaking') })
    const broken = schema.replace(/ {2}"""[^"]+"""\n {2}ASC\n/, '')
    write('schema.graphql', broken)
    git('commit', '-am', 'Break it')
    git('commit', '--allow-empty', '-m', 'Go on')
    const failed = run()
    expect(failed.status).toBe(1)
    expect(failed.text).toContain('1 breaking, 0 dangerous, 0 safe')
    expect(failed.text).toContain('Announce these in CHANGELOG.md')
    write(
      'CHANGELOG.md',
      '# Changelog\n\n## [Unreleased]\n\n### Removed\n\n- **Breaking:** `OrderDirection.ASC`.\n',
    )
    expect(run()).toMatchObject({ status: 0 })
    // Of the commit before, nothing has changed.
    write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n')
    expect(run('HEAD~1').text).toContain('since HEAD~1: 0 breaking')
  })
})
