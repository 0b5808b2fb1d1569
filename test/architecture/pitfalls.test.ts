import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const text = read('docs/pitfalls.md')
const rows = [...text.matchAll(/^\| (.+) \| `(.+)` \| (.+) \|$/gm)].map(
  ([, what = '', file = '', test = '']) => ({
    what,
    file,
    test,
  }),
)

describe('docs/pitfalls.md', () => {
  it('has a test for each of the thirteen mistakes', () => {
    const numbers = rows.flatMap(({ what }) => /^(\d+)\. /.exec(what)?.[1] ?? [])
    expect([...new Set(numbers)]).toEqual(Array.from({ length: 13 }, (_, n) => String(n + 1)))
  })

  it.each(rows)('names a test that is there: $what', ({ file, test }) => {
    expect(read(join('test', file))).toContain(test)
  })

  it('names no library as unused that is a dependency', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const unused =
      /pothos\/plugin-(validation|zod|complexity|prisma|relay)|graphql-armor|plugin-jwt|jsonwebtoken/
    expect(Object.keys(dependencies).filter((name) => unused.test(name))).toEqual([])
    expect(Object.keys(dependencies)).toContain('@pothos/plugin-errors')
  })
})
