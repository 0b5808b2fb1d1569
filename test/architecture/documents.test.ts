import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/errors.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('documents', () => {
  it('docs/errors.md has one row for each error code, and no other', () => {
    const codes = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)
    expect(codes.toSorted()).toEqual([...errorCodes].toSorted())
  })

  it('docs/behaviour.md names tests that are there', () => {
    const rows = [...read('docs/behaviour.md').matchAll(/^\| .+ \| `(.+)` \| (.+) \|$/gm)]
    expect(rows.length).toBeGreaterThan(30)
    for (const [row, file = '', test = ''] of rows) {
      expect(read(join('test', file)).includes(test), row).toBe(true)
    }
  })

  it('docs/decisions/0002-dependencies.md gives a reason for each direct dependency, and for no other', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const text = read('docs/decisions/0002-dependencies.md')
    const direct = Object.keys({ ...manifest['dependencies'], ...manifest['devDependencies'] })
    const unexplained = direct.filter((name) => !text.includes(`\`${name}\``) && !name.startsWith('@types/'))
    expect(unexplained).toEqual([])
  })

  it('links between documents lead somewhere', () => {
    const files = [
      'README.md',
      ...['architecture', 'algorithms', 'errors', 'install'].map((name) => `docs/${name}.md`),
    ]
    for (const file of files) {
      for (const [, target = ''] of read(file).matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
        const path = join(root, file, '..', target)
        expect(() => readFileSync(path), `${file} → ${target}`).not.toThrow(/ENOENT/)
      }
    }
  })
})
