import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const script = 'scripts/print.ts'

describe('files that are printed from the code', () => {
  it('are up to date', async () => {
    const { stdout } = await run(process.execPath, [join(root, script), '--check'])
    expect(stdout.trim().split('\n').length).toBeGreaterThan(5)
    expect(stdout).not.toMatch(/(?<!is up to date\.)\n(?=.)/)
  })

  it('are all named at once where they are stale, and are written on request', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'keystead-printed-'))
    onTestFinished(() => rmSync(copy, { recursive: true }))
    const printed = ['schema.graphql', '.env.example', 'docs', 'biome.layers.json']
    const filter = (path: string) => !relative(root, path).includes('node_modules')
    for (const part of [
      'src',
      'scripts',
      'examples/demo',
      'packages',
      'prisma',
      'package.json',
      ...printed,
    ]) {
      cpSync(join(root, part), join(copy, part), { recursive: true, filter })
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    const stale = ['.env.example', 'docs/commands.md', 'schema.graphql']
    for (const path of stale) writeFileSync(join(copy, path), 'stale\n')
    const checked = run(process.execPath, [join(copy, script), '--check'])
    const { code, stderr } = await checked.catch((error) => error)
    expect(code, stderr).toBe(1)
    expect(
      [...stderr.matchAll(/^(\S+) differs from .*\. Run npm run print/gm)].map(([, path]) => path).sort(),
    ).toEqual(stale)
    await run(process.execPath, [join(copy, script), ...stale])
    for (const path of stale) {
      expect(readFileSync(join(copy, path), 'utf8')).toBe(readFileSync(join(root, path), 'utf8'))
    }
  })
})
