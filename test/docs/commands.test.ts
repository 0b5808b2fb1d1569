import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const notOurs = new Set(['node_modules', 'dist', 'data', '.git', '.venv', 'target'])
const documents = globSync('**/*.md', { cwd: root, exclude: (path) => notOurs.has(basename(path)) })
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

describe.each(documents)('%s', (path) => {
  const text = readFileSync(join(root, path), 'utf8')

  it('names npm scripts that exist', () => {
    const named = [...text.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => name)
    const ownScripts = path.startsWith('console/') ? ['dev'] : []
    expect(named.filter((name) => !(name in scripts) && !ownScripts.includes(name))).toEqual([])
  })

  // Node 20 cannot run TypeScript. In npm scripts and after npx, `node` is the one that the project brings.
  it('runs TypeScript only through npm', () => {
    expect(text).not.toMatch(/(?<!npx )\bnode (?:--\S+ )*[\w./-]+\.ts\b/)
  })

  it.skipIf(/^(examples|console)\//.test(path))('names files that exist', () => {
    const named = text.matchAll(/`((?:src|scripts|prisma|bench|bin)\/[\w./-]+)`/g)
    expect([...named].map(([, file = '']) => file).filter((file) => !existsSync(join(root, file)))).toEqual(
      [],
    )
  })
})
