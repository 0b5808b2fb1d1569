import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf } from './blocks.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const notOurs = new Set(['node_modules', 'dist', 'data', '.git', '.venv', 'target'])
const documents = globSync('**/*.md', { cwd: root, exclude: (path) => notOurs.has(basename(path)) })

/** Where the links and pictures of a document lead, without those that leave the repository. */
function linksOf(path: string): { target: string; anchor: string }[] {
  return [...withoutBlocks(read(path)).matchAll(/\]\(<?(?![a-z]+:)([^)#>\s]*)(?:#([^)>\s]+))?[^)]*\)/g)].map(
    ([, target = '', anchor = '']) => ({ target, anchor }),
  )
}

/** Code is no prose: nothing in it is a link or a heading. */
function withoutBlocks(text: string): string {
  const withoutFenced = blocksOf(text).reduce((rest, block) => rest.replace(block.text, ''), text)
  return withoutFenced.replace(/`[^`\n]+`/g, '')
}

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(path: string): string[] {
  const headings = [...read(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
}

describe('links between documents', () => {
  it.each(documents)('of %s lead somewhere', (path) => {
    const broken = linksOf(path).filter(({ target, anchor }) => {
      const led = target === '' ? path : join(dirname(path), decodeURIComponent(target))
      if (!existsSync(join(root, led))) return true
      return anchor !== '' && led.endsWith('.md') && !anchorsOf(led).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  it('lead to every document from the index', () => {
    const indexed = new Set(linksOf('docs/README.md').map(({ target }) => target))
    const there = documents.filter((path) => dirname(path) === 'docs').map((path) => basename(path))
    expect(there.filter((name) => name !== 'README.md' && !indexed.has(name))).toEqual([])
    expect(there.length).toBeGreaterThan(15)
  })
})
