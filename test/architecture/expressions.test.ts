import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findSlowExpressions } from '../../scripts/expressions.ts'

describe('the checker of regular expressions', () => {
  it.each([
    ['a literal that backtracks', 'const a: RegExp = /(a+)+$/'],
    ['a literal that is tried from every position', "export const b = 'x'.replace(/ +$/, '')"],
    ['one in a template', `const c = \`\${/(.*) at (.*)$/.test('x')}\``],
    ['one in a default of a parameter', 'function f(pattern: RegExp = /x*x*$/) { return pattern }'],
    ['new RegExp', "const d = new RegExp('(a|a)*b')"],
    ['RegExp without new, with flags', "const e = RegExp('(A+)+$', 'i')"],
    ['one that is put together', 'const f = (name: string) => new RegExp("^" + name)'],
    ['flags that are put together', "const g = (flags: string) => new RegExp('a', flags)"],
    ['a string that a method makes an expression of', "const h = 'x'.match('(a+)+$')"],
    ['a method that is given anything', 'const i = (text: string, p: string) => text.search(p)'],
  ])('finds %s', (_what, source) => {
    expect(findSlowExpressions(`\n${source}`)).toMatchObject([{ line: 2 }])
  })

  it.each([
    ['classes that are repeated a number of times', 'const a = /^[A-Za-z0-9_-]{1,64}$/'],
    ['alternatives that begin differently', 'const b = /^(GET|POST)$/'],
    ['a division', 'const c = (a: number) => a / 2 / a'],
    ['an expression in a string or a comment', "const d = '/(a+)+$/' // /(a+)+$/"],
    ['a constant pattern', "const e = new RegExp('^a+$', 'u')"],
  ])('lets pass %s', (_what, source) => {
    expect(findSlowExpressions(source)).toEqual([])
  })

  it('is part of npm run check', () => {
    const checks = readFileSync(join(import.meta.dirname, '../../scripts/check.ts'), 'utf8')
    expect(checks).toContain('scripts/check-expressions.ts')
  })
})
