import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** The arguments of the calls of a function in a program text, as they are written. */
function callsOf(name: string, text: string): string[] {
  return text
    .split(`${name}(`)
    .slice(1)
    .map((rest) => rest.slice(0, closingIn(rest)))
}

/** Position of the bracket that closes one before the text. Brackets in strings are not told apart. */
function closingIn(text: string): number {
  let depth = 1
  for (const { 0: bracket, index } of text.matchAll(/[()[\]{}]/g)) {
    depth += '([{'.includes(bracket) ? 1 : -1
    if (depth === 0) return index
  }
  return text.length
}

/** Arguments that stand at the top level of a call. */
function countArguments(call: string): number {
  let depth = 0
  let count = 1
  for (const { 0: sign } of call.replace(/,\s*$/, '').matchAll(/[()[\]{},]/g)) {
    if (sign === ',') count += depth === 0 ? 1 : 0
    else depth += '([{'.includes(sign) ? 1 : -1
  }
  return count
}

/** Its default of one second is shorter than what a busy machine may take. `expect.poll` has a longer one by configuration. */
it('vi.waitFor is told how long to wait', () => {
  const files = globSync('test/**/*.ts', { cwd: root }).filter((file) => !file.includes('node_modules'))
  const calls = files
    .filter((file) => !file.endsWith('waits.test.ts'))
    .flatMap((file) =>
      callsOf('vi.waitFor', readFileSync(join(root, file), 'utf8')).map((call) => ({ file, call })),
    )
  expect(calls.length).toBeGreaterThan(5)
  expect(calls.filter(({ call }) => countArguments(call) < 2)).toEqual([])
})
